using System.Diagnostics.CodeAnalysis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Signals;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology.Cluster;

/// <summary>
/// Redis Cluster: one link for each master, a key goes to the owner of its slot. Thread-safe.
/// </summary>
/// <remarks>
/// <code><![CDATA[
///   key --CRC16--> slot --> [ SlotRoutes ] --> link of the owner --> connection
///                             ^     ^
///       MOVED (one slot) -----'     '----- slot map <-- CLUSTER NODES of any node
///                                                       (SlotMapPoller)
/// ]]></code>
/// Which of two views is newer is decided by configuration epochs (<see cref="SlotMap"/>).
/// </remarks>
internal sealed class ClusterTopology : IRedisTopology
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(20);
    private readonly TimeSpan _connectTimeout;
    private readonly TimeProvider _time;
    private readonly IRedisTopologyObserver? _observer;
    private readonly SlotRoutes _routes;
    private readonly SlotMapPoller _poller;

    /// <summary>A topology that has not begun to connect.</summary>
    public ClusterTopology(
        RedisOptions options,
        TimeProvider time,
        Random random,
        IRedisPushHandler? pushHandler,
        IRedisTopologyObserver? observer,
        string? heartbeatPrefix = null
    )
    {
        if (options.Database != 0)
        {
            throw new ArgumentException(
                $"Database is {options.Database}: a cluster has database 0 only.",
                nameof(options)
            );
        }

        var copy = options.Snapshot();
        (_connectTimeout, _time, _observer) = (copy.ConnectTimeout, time, observer);
        var ruler = heartbeatPrefix is null
            ? null
            : new SlotRuler(heartbeatPrefix, time, slot => _routes![slot], ReportError);
        var connector = new RedisConnector(
            copy,
            time,
            pushHandler,
            new RedisHandshakeOptions(Tracking: pushHandler is not null, RequiredRole: RedisRole.Master)
        );
        var randomOfLinks = new Random(random.Next()); // Under the lock of the routes.
        var links = new ShardLinks(
            (endpoint, previous, partition) =>
                new RedisLink(
                    new ClusterEndpointSelector(endpoint, Kick, ruler),
                    connector,
                    time,
                    new Random(randomOfLinks.Next()),
                    observer,
                    previous,
                    partition: partition
                )
        );
        _routes = new SlotRoutes(links, observer);
        _poller = new SlotMapPoller(copy, _routes, ruler, observer, time, new Random(random.Next()));
    }

    /// <summary>The slot map as it is known now.</summary>
    public SlotMap Map => _routes.Map;

    /// <inheritdoc/>
    public bool IsPartitioned => true;

    /// <inheritdoc/>
    public IReadOnlyList<RedisPartition> Partitions => _routes.Partitions;

    /// <inheritdoc/>
    public int PartitionOf(ReadOnlySpan<byte> key) => _routes[HashSlot.Of(key)]?.Partition ?? 0;

    /// <inheritdoc/>
    public void Start() => _poller.Start();

    /// <inheritdoc/>
    public bool TryGetConnection(ReadOnlySpan<byte> key, [NotNullWhen(true)] out RedisConnection? connection) =>
        (connection = _routes[HashSlot.Of(key)]?.Current) is not null;

    /// <inheritdoc/>
    public async ValueTask<RedisConnection> GetConnectionAsync(
        ReadOnlyMemory<byte> key,
        CancellationToken cancellationToken
    )
    {
        var slot = HashSlot.Of(key.Span);
        var begun = _time.GetTimestamp();
        while (true)
        {
            var (changed, failure) = _routes.Watch();
            var link = _routes[slot];
            if (link?.Current is { } connection)
            {
                return connection;
            }

            var left = _connectTimeout - _time.GetElapsedTime(begun);
            if (left <= TimeSpan.Zero || (link is null && failure is { NeedsOperator: true }))
            {
                throw new ConnectException(
                    failure?.Failure ?? ConnectFailure.TimedOut,
                    $"No connection to the master of slot {slot} within {_connectTimeout.TotalMilliseconds:0} ms "
                        + "(ConnectTimeout)."
                        + ((link?.LastFailure ?? failure) is { } last ? $" Last attempt: {last.Message}" : ""),
                    failure
                );
            }

            // Whichever comes first: the owner answers, or somebody else becomes the owner.
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var connecting = link?.GetAsync(over.Token).AsTask() ?? Task.Delay(left, _time, over.Token);
            var first = await Task.WhenAny(changed, connecting).ConfigureAwait(false);
            await over.CancelAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (
                first == connecting
                && connecting
                    is { IsFaulted: true, Exception.InnerException: ConnectException { NeedsOperator: true } refused }
            )
            {
                throw refused;
            }

            if (first == connecting && connecting.IsFaulted)
            {
                await Task.Delay(RetryInterval, _time, cancellationToken).ConfigureAwait(false);
            }

            connecting.Abandon();
        }
    }

    /// <inheritdoc/>
    public void ReportError(RedisConnection connection, RedisErrorKind kind, string? text = null)
    {
        switch (kind)
        {
            case RedisErrorKind.Moved
                when text is not null && Redirection.TryParse(text, connection.Endpoint, out var moved):
                _routes.Redirect(moved, connection.Endpoint);
                _observer?.OnKeysMoved(connection);
                Kick();
                break;
            case RedisErrorKind.ReadOnly or RedisErrorKind.MasterDown:
                connection.Close($"the server is no master any more ({kind}).");
                Kick();
                break;
            case RedisErrorKind.ClusterDown:
                Kick();
                break;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<RedisConnection?> GetRedirectAsync(
        RedisConnection connection,
        string text,
        CancellationToken cancellationToken
    ) =>
        Redirection.TryParse(text, connection.Endpoint, out var ask)
            ? await _routes.LinkTo(ask.Endpoint).GetAsync(cancellationToken).ConfigureAwait(false)
            : null;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _poller.DisposeAsync().ConfigureAwait(false);
        await _routes.CloseAsync().ConfigureAwait(false);
    }

    private void Kick() => _poller.Kick();
}
