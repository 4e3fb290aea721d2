using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Merging;

/// <summary>
/// The one connection over which everything is sent to one of the two servers. So all writes of a
/// merge are in one order, and a replica that has the last one has them all. Thread-safe.
/// </summary>
internal sealed class MergeLink(RedisConnection connection, bool isTarget, int maxReplyBytes) : IAsyncDisposable
{
    /// <summary>
    /// No pings: they would close a connection whose lease is over, and the reason would be lost.
    /// </summary>
    private static readonly TimeSpan NoHeartbeat = TimeSpan.FromMinutes(5);

    /// <summary>
    /// A server that rewrites its file may need seconds for an answer, and no request waits for a
    /// merge.
    /// </summary>
    private static readonly TimeSpan LeastTimeout = TimeSpan.FromSeconds(10);

    /// <summary>The process at the other end.</summary>
    public RedisServerIdentity Server => connection.Server;

    /// <summary>The longest reply that is read here.</summary>
    public int MaxReplyBytes => maxReplyBytes;

    /// <summary>Where it is.</summary>
    public RedisEndpoint Endpoint => connection.Endpoint;

    /// <summary>What every script that writes has to pass; null: nothing.</summary>
    public ILeaseGate? Gate
    {
        get => connection.Gate;
        set => connection.Gate = value;
    }

    private string Name => isTarget ? $"The target {Endpoint}" : $"The source {Endpoint}";

    private MergeFailure Unreachable => isTarget ? MergeFailure.TargetUnreachable : MergeFailure.SourceUnreachable;

    /// <summary>Connects.</summary>
    /// <exception cref="MergeStoppedException">It did not work.</exception>
    public static async Task<MergeLink> ConnectAsync(
        RedisOptions options,
        bool isTarget,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        if (options is not { Endpoints: [var endpoint], ServiceName: null })
        {
            throw new MergeStoppedException(
                MergeFailure.Unsupported,
                $"'{options}' names several servers or Sentinels. Name the one Redis that is to be merged."
            );
        }

        var own = options.Snapshot();
        own.ClientName = "cluster-session-merge";
        own.CommandTimeout = own.CommandTimeout > LeastTimeout ? own.CommandTimeout : LeastTimeout;
        (own.HeartbeatTimeout, own.HeartbeatInterval, own.NeedsWait) = (own.CommandTimeout, NoHeartbeat, false);
        var handshake = new RedisHandshakeOptions(RequiredRole: isTarget ? RedisRole.Master : null);
        RedisConnection connection;
        try
        {
            var connector = new RedisConnector(own, time, null, handshake);
            connection = await connector.ConnectAsync(endpoint, cancellation).ConfigureAwait(false);
        }
        catch (ConnectException failure)
        {
            throw new MergeStoppedException(
                failure.Failure == RedisConnectFailure.WrongRole ? MergeFailure.NotMaster
                    : isTarget ? MergeFailure.TargetUnreachable
                    : MergeFailure.SourceUnreachable,
                $"The {(isTarget ? "target" : "source")} cannot be used. {failure.Message}",
                failure
            );
        }

        var link = new MergeLink(connection, isTarget, own.MaxReplyBytes);
        var refusal = link.WhyUnsupported();
        if (refusal is not null)
        {
            await link.DisposeAsync().ConfigureAwait(false);
            throw refusal;
        }

        return link;
    }

    /// <summary>
    /// Sends a request of the session store; what cannot be read or stored is answered as damaged.
    /// </summary>
    /// <exception cref="MergeStoppedException">The merge cannot go on.</exception>
    public async Task<T> SendAsync<T>(StoreRequest<T> request)
    {
        request.Connection = connection;
        try
        {
            try
            {
                return await connection.SendAsync(request).ConfigureAwait(false);
            }
            catch (RedisServerException unknown)
                when (unknown.Kind == RedisErrorKind.NoScript && request is IScriptRequest { IsSentWhole: false } script
                )
            {
                script.IsSentWhole = true;
                return await connection.SendAsync(request).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (IsOfTheRecord(failure))
        {
            return request.Damaged(failure.Message);
        }
        catch (Exception failure) when (failure is ConnectionException or RedisServerException)
        {
            throw Stopped(failure);
        }
    }

    /// <summary>Sends any command.</summary>
    /// <exception cref="MergeStoppedException">The merge cannot go on.</exception>
    public async Task<T> AskAsync<T>(RedisRequest<T> command)
    {
        try
        {
            return await connection.SendAsync(command).ConfigureAwait(false);
        }
        catch (Exception failure)
            when (failure
                    is ConnectionException
                        or RedisServerException
                        or RedisUnreadableReplyException
                        or RedisReplyTooLongException
            )
        {
            throw Stopped(failure);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private static bool IsOfTheRecord(Exception failure) =>
        failure
            is RedisUnreadableReplyException
                or RedisReplyTooLongException
                or RedisServerException { Kind: RedisErrorKind.Unreadable or RedisErrorKind.WrongType };

    private MergeStoppedException? WhyUnsupported() =>
        Server.Mode == RedisServerIdentity.ClusterMode
            ? new MergeStoppedException(
                MergeFailure.Unsupported,
                $"{Name} is a node of a Redis Cluster. Only servers that have all keys are merged."
            )
        : Server.RunId.Length == 0
            ? new MergeStoppedException(
                isTarget ? MergeFailure.TargetRefuses : MergeFailure.SourceRefuses,
                $"{Name} does not show its run id. Give the user +info."
            )
        : null;

    private MergeStoppedException Stopped(Exception failure) =>
        failure switch
        {
            RedisServerException { Kind: RedisErrorKind.Fenced } => new MergeStoppedException(
                MergeFailure.Fenced,
                $"{Name} does not hold the lease any more: {failure.Message}",
                failure
            ),
            RedisServerException { Kind: RedisErrorKind.ReadOnly } when isTarget => new MergeStoppedException(
                MergeFailure.NotMaster,
                $"{Name} has become a replica.",
                failure
            ),
            ConnectionException => new MergeStoppedException(
                Unreachable,
                $"{Name} is not responding: {failure.Message}",
                failure
            ),
            _ => new MergeStoppedException(
                isTarget ? MergeFailure.TargetRefuses : MergeFailure.SourceRefuses,
                $"{Name} refuses: {failure.Message}",
                failure
            ),
        };
}
