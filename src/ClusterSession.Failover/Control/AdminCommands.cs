using System.Globalization;
using System.Text;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;

namespace ClusterSession.Failover.Control;

/// <summary>Commands on one connection, which has no other user meanwhile.</summary>
/// <param name="connection">The connection.</param>
internal sealed class AdminCommands(RedisConnection connection)
{
    private static readonly Version FirstWithFlags = new(7, 0);

    /// <summary>One command.</summary>
    public ValueTask<RedisReply> SendAsync(params string[] words) => connection.SendAsync(new RedisCommand(words));

    /// <summary>
    /// Sends all commands, also after one that failed. Then throws the first failure, except
    /// READONLY, which a replica answers.
    /// </summary>
    public async Task SendAllAsync(params byte[][][] commands)
    {
        RedisServerException? failure = null;
        var answers = commands.Select(words => connection.SendAsync(new RedisCommand(words)).AsTask()).ToArray();
        await ((Task)Task.WhenAll(answers)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var answer in answers)
        {
            try
            {
                await answer.ConfigureAwait(false);
            }
            catch (RedisServerException e) when (e.Kind == RedisErrorKind.ReadOnly) { }
            catch (RedisServerException e)
            {
                failure ??= e;
            }
        }

        if (failure is not null)
        {
            throw failure;
        }
    }

    /// <summary>
    /// Runs a script. From Redis 7 on, a script that is allowed to write where memory is full must
    /// say so itself.
    /// </summary>
    public ValueTask<RedisReply> EvalAsync(
        string script,
        bool isAllowedOutOfMemory,
        byte[][] keys,
        params string[] arguments
    )
    {
        var hasFlags = Version.TryParse(connection.Server.Version, out var version) && version >= FirstWithFlags;
        var text = isAllowedOutOfMemory && hasFlags ? $"#!lua flags=allow-oom\n{script}" : script;
        return connection.SendAsync(
            new RedisCommand([
                "EVAL"u8.ToArray(),
                Bytes(text),
                Bytes(keys.Length.ToString(CultureInfo.InvariantCulture)),
                .. keys,
                .. arguments.Select(Bytes),
            ])
        );
    }

    /// <summary>
    /// Does all of it in one transaction, or nothing if the key has another value or expires
    /// before. Where memory is full, it sends the commands one by one.
    /// </summary>
    /// <exception cref="IOException">Nothing was done, or a part has failed.</exception>
    public async Task WithKeyUnchangedAsync(byte[] key, string value, params string[][] commands)
    {
        await connection.SendAsync(new RedisCommand("WATCH"u8.ToArray(), key)).ConfigureAwait(false);
        var found = await connection.SendAsync(new RedisCommand("GET"u8.ToArray(), key)).ConfigureAwait(false);
        if (found.AsString() != value)
        {
            await SendAsync("UNWATCH").ConfigureAwait(false);
            throw new IOException("The lease record has expired again.");
        }

        var result = await InOneStepAsync(commands).ConfigureAwait(false);
        if (result.IsNull)
        {
            throw new IOException("The lease record has expired again.");
        }

        if (result.Items.FirstOrDefault(item => item.IsError) is { } error)
        {
            throw new IOException($"Redis answered: {RedisError.Describe(error.Bytes)}");
        }
    }

    private async Task<RedisReply> InOneStepAsync(string[][] commands)
    {
        string[][] all =
        [
            ["MULTI"],
            .. commands,
            ["EXEC"],
        ];
        var answers = all.Select(words => SendAsync(words).AsTask()).ToArray();
        try
        {
            return (await Task.WhenAll(answers).ConfigureAwait(false))[^1];
        }
        catch (RedisServerException e) when (e.Kind == RedisErrorKind.OutOfMemory)
        {
            // Where memory is full nothing is queued. One by one they may come late: writes are
            // answered FENCED all the same.
            foreach (var words in commands)
            {
                await SendAsync(words).ConfigureAwait(false);
            }

            return await SendAsync("PING").ConfigureAwait(false);
        }
    }

    /// <summary>Text as it is sent.</summary>
    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
