using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Redis.Connection;

/// <summary>
/// One multiplexed, pipelined RESP3 connection. Thread-safe. Made by <see cref="RedisConnector"/>;
/// once closed it stays closed.
/// </summary>
/// <remarks>
/// Replies are matched by order; pushes pass by in between. What proves that the server serves, and
/// what is asked as heartbeat, depends on the kind of server:
/// <code>
/// behind an agent (Gate)     the lease record, and nothing else
/// of a cluster (Ruler)       what is no error and answers a command with a key
/// else                       any reply; the heartbeat is PING
/// </code>
/// </remarks>
internal sealed partial class RedisConnection : PipelinedConnection
{
    private readonly Heartbeat _heartbeat;

    /// <summary>
    /// Takes over a connected (and, where wanted, encrypted) stream;
    /// <see cref="PipelinedConnection.Start"/> begins reading.
    /// </summary>
    internal RedisConnection(
        Stream stream,
        RedisEndpoint endpoint,
        RedisOptions options,
        TimeProvider time,
        IRedisPushHandler? pushHandler
    )
        : base(stream, endpoint.Address, options.ForTransport(), time)
    {
        _pushHandler = pushHandler;
        _scanner = new RespScanner(new RespLimits(options.MaxReplyBytes), skipsTooLong: true);
        _heartbeat = new Heartbeat(this);
        Endpoint = endpoint;
    }

    /// <summary>Where it is connected to.</summary>
    public RedisEndpoint Endpoint { get; }

    /// <summary>
    /// Which partition of the keys it serves; set before it is handed out. 0 where there is one.
    /// </summary>
    public int Partition { get; set; }

    /// <summary>
    /// Why the server is known not to push invalidations of what is read here; null: nothing speaks
    /// against it.
    /// </summary>
    public string? Untracked { get; internal set; }

    /// <summary>
    /// The attempt to prove that the server pushes what changes; null before the first. See
    /// <see cref="TrackingProbe"/>.
    /// </summary>
    public TrackingProbe? Probe { get; internal set; }

    /// <summary>Commands of the handshake that were refused, and what goes without them.</summary>
    public IReadOnlyList<RefusedCommand> Refused { get; internal set; } = [];

    /// <summary>
    /// Of a server of a cluster: what knows whether it still decides on its keys; set before it is
    /// handed out. Null: the server is of no cluster.
    /// </summary>
    public ISlotRuler? Ruler { get; set; }

    /// <summary>
    /// What the server has to show to count as the ruler; set before it is handed out. Null:
    /// nothing.
    /// </summary>
    public ILeaseGate? Gate { get; set; }

    /// <summary>The server at the other end, as it was when the connection was made.</summary>
    public RedisServerIdentity Server { get; internal set; } = new("", "", "", -1, 0, RedisRole.Unknown, "", "");

    internal EchoFilter Echo { get; } = new();

    /// <summary>
    /// Whether the connection is open, and something sent within this time has proved that the
    /// server still serves. In a cluster the slot map must also have been confirmed, within this
    /// time and 1.5 s more (it is asked for about each second). Only then can leases of copies be
    /// current. Every invalidation that the server sent before that time has been handled.
    /// </summary>
    public override bool IsProvenAlive(TimeSpan within) =>
        base.IsProvenAlive(within) && (Ruler is null || Ruler.IsMapCurrent(within));

    /// <inheritdoc/>
    protected override Task BeatAsync() => _heartbeat.BeatAsync();

    /// <inheritdoc/>
    protected override bool IsHeartbeat(PipelinedRequest request) =>
        Gate is not null
            ? request is LeaseHeartbeatRequest
            : Ruler is null || request is IRedisRequest { IsKeyed: true };
}
