using System.Globalization;
using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Failover.Control;

/// <summary>
/// Commands the Redis beside the agent, over a connection on which nothing else is sent.
/// </summary>
/// <remarks>
/// One command at a time, and each step of it after the answer to the one before. A command that is
/// not answered yet fails those that come: nothing piles up for a Redis that is frozen. What is in
/// its socket when it goes on is one step at most, which harms nobody:
/// <code>
/// Follow   any step      a closed replica: of nobody, of a process that admits it, or of one that
///                        refuses it and sends nothing
/// Promote  REPLICAOF     a closed master with all its data
/// Promote  ACL SETUSER   replicas that followed this process under this lease may log in
/// Close    any step      closed
/// Open     CONFIG SET    nothing that anybody would miss
/// Open     the script    looks at the time: nothing
/// Open     the users     void once the record has expired: nothing; but where memory is full, the
///                        application may log in, and its writes are answered FENCED
/// Extend   the script    an expiry in the past ends the record; a record that has expired is not
///                        made again
/// </code>
/// </remarks>
internal sealed class RedisControl(
    RedisProbe probe,
    AdminLink link,
    ControlSettings settings,
    TimeProvider? time = null
) : IRedisControl, IAsyncDisposable
{
    private readonly RedisKeys _keys = new(settings.KeyPrefix);
    private readonly SemaphoreSlim _gate = new(1);
    private readonly MemberMerge _merge = new(link.Endpoint, settings, time ?? TimeProvider.System);
    private readonly SetAside _aside = new(link.Endpoint, settings, time ?? TimeProvider.System);
    private volatile string? _seen;

    /// <inheritdoc/>
    public string? Trouble => probe.Trouble;

    /// <inheritdoc/>
    public async ValueTask<RedisSight> LookAsync(CancellationToken cancellation)
    {
        var sight = await probe.LookAsync(cancellation).ConfigureAwait(false);
        if (sight.IsReachable)
        {
            _seen = sight.RunId;
        }

        return sight;
    }

    /// <inheritdoc/>
    public ValueTask FollowAsync(ClusterMember member, Tenure tenure, CancellationToken cancellation) =>
        DoAsync(
            _seen ?? "",
            async commands =>
            {
                var (host, port) = MemberAddress.Parse(member.Redis);
                var users = await commands.SendAsync("ACL", "USERS").ConfigureAwait(false);
                string[] replicas = [.. users.Items.Select(user => user.AsString()).Where(ReplicaUser.IsOne)];
                if (replicas.Length > 0)
                {
                    await commands.SendAsync(["ACL", "DELUSER", .. replicas]).ConfigureAwait(false);
                }

                await commands.SendAsync("CLIENT", "KILL", "TYPE", "replica").ConfigureAwait(false);
                // Away from an old link, which would live on where the address is the same. The
                // history stays.
                await commands.SendAsync("REPLICAOF", Nobody.Host, Nobody.Port).ConfigureAwait(false);
                await commands.SendAsync("CONFIG", "SET", "masteruser", ReplicaUser.Name(tenure)).ConfigureAwait(false);
                await commands
                    .SendAsync("CONFIG", "SET", "masterauth", ReplicaUser.Password(settings.Secret, tenure))
                    .ConfigureAwait(false);
                await commands.SendAsync("REPLICAOF", host, port).ConfigureAwait(false);
            },
            cancellation
        );

    /// <inheritdoc/>
    public ValueTask PromoteAsync(Tenure tenure, CancellationToken cancellation) =>
        DoAsync(
            tenure.RunId,
            async commands =>
            {
                await commands.SendAsync("REPLICAOF", "NO", "ONE").ConfigureAwait(false);
                await commands.SendAsync(Admit(tenure)).ConfigureAwait(false);
            },
            cancellation
        );

    /// <inheritdoc/>
    public ValueTask CloseAsync(CancellationToken cancellation) =>
        DoAsync(
            runId: null,
            commands =>
                commands.SendAllAsync(
                    ["DEL"u8.ToArray(), _keys.Lease],
                    [.. Words("ACL", "SETUSER", settings.ApplicationUser, "off")],
                    [.. Words("CLIENT", "KILL", "USER", settings.ApplicationUser)]
                ),
            cancellation
        );

    /// <inheritdoc/>
    public ValueTask OpenAsync(Tenure tenure, DateTimeOffset until, CancellationToken cancellation) =>
        DoAsync(
            tenure.RunId,
            async commands =>
            {
                // A master that is cut off takes no writes, because of the lease. Where Redis asks
                // for replicas too, a master that has none yet could not be opened.
                await commands.SendAsync("CONFIG", "SET", "min-replicas-to-write", "0").ConfigureAwait(false);
                var epoch = tenure.Epoch.ToString(CultureInfo.InvariantCulture);
                var refusal = await commands
                    .EvalAsync(
                        LeaseScripts.Open,
                        isAllowedOutOfMemory: true,
                        [_keys.Lease, _keys.Epoch],
                        LeaseRecord.Text(tenure),
                        tenure.RunId,
                        epoch,
                        Milliseconds(until)
                    )
                    .ConfigureAwait(false);
                if (refusal.AsString() is { Length: > 0 } why)
                {
                    throw new IOException($"The Redis is not opened: {why}.");
                }

                await commands
                    .WithKeyUnchangedAsync(
                        _keys.Lease,
                        LeaseRecord.Text(tenure),
                        ["ACL", "SETUSER", settings.ApplicationUser, "on"],
                        Admit(tenure)
                    )
                    .ConfigureAwait(false);
            },
            cancellation
        );

    /// <inheritdoc/>
    public ValueTask ExtendAsync(Tenure tenure, DateTimeOffset until, CancellationToken cancellation) =>
        DoAsync(
            tenure.RunId,
            async commands =>
            {
                var done = await commands
                    .EvalAsync(
                        LeaseScripts.Extend,
                        isAllowedOutOfMemory: false,
                        [_keys.Lease],
                        LeaseRecord.Text(tenure),
                        Milliseconds(until)
                    )
                    .ConfigureAwait(false);
                if (done.AsString() != "1")
                {
                    throw new IOException("The lease record is not there any more: it has expired, or is another's.");
                }
            },
            cancellation
        );

    /// <inheritdoc/>
    public ValueTask<MergeOutcome> MergeAsync(
        ClusterMember target,
        Tenure tenure,
        MergeTerms terms,
        IProgress<MemberMergeCounts> progress,
        CancellationToken cancellation
    ) => new(_merge.RunAsync(target, tenure, terms, progress, cancellation));

    /// <inheritdoc/>
    public ValueTask SetAsideAsync(long epoch, CancellationToken cancellation) =>
        new(_aside.RunAsync(epoch, cancellation));

    /// <summary>Ends the connection of the commands.</summary>
    public ValueTask DisposeAsync() => link.DisposeAsync();

    /// <summary>
    /// Ends the waiting where asked to, but not the command: until its end no other begins.
    /// </summary>
    private async ValueTask DoAsync(string? runId, Func<AdminCommands, Task> steps, CancellationToken cancellation) =>
        await DoAsync(runId, steps).WaitAsync(cancellation).ConfigureAwait(false);

    private async Task DoAsync(string? runId, Func<AdminCommands, Task> steps)
    {
        if (!await _gate.WaitAsync(TimeSpan.Zero, CancellationToken.None).ConfigureAwait(false))
        {
            throw new IOException("The Redis has not answered the command before this one.");
        }

        try
        {
            var connection = await link.GetAsync(CancellationToken.None).ConfigureAwait(false);
            if (runId is not null && runId != connection.Server.RunId)
            {
                throw new IOException("The Redis is another process than the one that the command is for.");
            }

            await steps(new AdminCommands(connection)).ConfigureAwait(false);
        }
        catch (Exception e)
            when (e
                    is ConnectionException
                        or RedisServerException
                        or RespProtocolException
                        or RedisUnreadableReplyException
            )
        {
            throw new IOException(e.Message, e);
        }
        finally
        {
            _gate.Release();
        }
    }

    private string[] Admit(Tenure tenure) =>
        [
            "ACL",
            "SETUSER",
            ReplicaUser.Name(tenure),
            "reset",
            "on",
            $">{ReplicaUser.Password(settings.Secret, tenure)}",
            .. ReplicaUser.Rights,
        ];

    private static IEnumerable<byte[]> Words(params string[] words) => words.Select(AdminCommands.Bytes);

    private static string Milliseconds(DateTimeOffset time) =>
        time.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
}
