using System.Globalization;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Failover.Control;

/// <summary>
/// Has the Redis beside the agent save its data, and copies the file aside in Redis' directory. The
/// agent must be able to read and write there.
/// </summary>
/// <param name="source">The Redis beside the agent.</param>
/// <param name="settings">User, password, times.</param>
/// <param name="time">The clock of the waiting.</param>
internal sealed class SetAside(RedisEndpoint source, ControlSettings settings, TimeProvider time)
{
    private const string Prefix = "set-aside-";
    private const string Suffix = ".rdb";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Name of the copy of a merge.</summary>
    public static string NameOf(long epoch) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{epoch}{Suffix}");

    /// <summary>Saves and copies; then removes the copies of former merges.</summary>
    /// <exception cref="IOException">It is not possible; says why.</exception>
    public async Task RunAsync(long epoch, CancellationToken cancellation)
    {
        try
        {
            await using var link = new AdminLink(source, settings, time);
            var connection = await link.GetAsync(cancellation).ConfigureAwait(false);
            var commands = new AdminCommands(connection);
            var directory = await SettingAsync(commands, "dir").ConfigureAwait(false);
            var file = Path.Combine(directory, await SettingAsync(commands, "dbfilename").ConfigureAwait(false));
            await SaveAsync(commands, cancellation).ConfigureAwait(false);
            var copy = Path.Combine(directory, NameOf(epoch));
            File.Copy(file, copy + ".part", overwrite: true);
            File.Move(copy + ".part", copy, overwrite: true);
            foreach (
                var former in Directory
                    .EnumerateFiles(directory, $"{Prefix}*{Suffix}")
                    .Where(former => Path.GetFileName(former) != NameOf(epoch))
            )
            {
                File.Delete(former);
            }
        }
        catch (Exception e)
            when (e
                    is ConnectionException
                        or RedisServerException
                        or RespProtocolException
                        or RedisUnreadableReplyException
                        or UnauthorizedAccessException
                        or ArgumentException
            )
        {
            throw new IOException(e.Message, e);
        }
    }

    /// <summary>
    /// Has Redis save a snapshot. If a save is under way already, its end is waited for, and
    /// another one is begun: the first may have begun before this Redis left its former master, and
    /// then lacks what came from that master afterwards.
    /// </summary>
    private async Task SaveAsync(AdminCommands commands, CancellationToken cancellation)
    {
        await IdleAsync(commands, cancellation).ConfigureAwait(false);
        await commands.SendAsync("BGSAVE", "SCHEDULE").ConfigureAwait(false);
        await IdleAsync(commands, cancellation).ConfigureAwait(false);
        var info = await InfoAsync(commands).ConfigureAwait(false);
        if (info.GetValueOrDefault("rdb_last_bgsave_status") != "ok")
        {
            throw new IOException(
                "Redis could not write its snapshot. See that its directory can be written, and that "
                    + "its disk has room."
            );
        }
    }

    private async Task IdleAsync(AdminCommands commands, CancellationToken cancellation)
    {
        while (
            await InfoAsync(commands).ConfigureAwait(false) is var info
            && (
                info.GetValueOrDefault("rdb_bgsave_in_progress") == "1"
                || info.GetValueOrDefault("aof_rewrite_in_progress") == "1"
            )
        )
        {
            await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
        }
    }

    private static async Task<Dictionary<string, string>> InfoAsync(AdminCommands commands) =>
        RedisHandshake.ParseInfo(await commands.SendAsync("INFO", "persistence").ConfigureAwait(false));

    private static async Task<string> SettingAsync(AdminCommands commands, string name)
    {
        var answer = await commands.SendAsync("CONFIG", "GET", name).ConfigureAwait(false);
        return answer[name] is { } value && value.AsString() is { Length: > 0 } text
            ? text
            : throw new IOException($"The Redis does not show its setting {name}.");
    }
}
