using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Links;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Signals;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology.Sentinel;

/// <summary>Asks one sentinel again and again, and listens to its hints.</summary>
/// <remarks>
/// Each sentinel is asked by a loop of its own, so that one that hangs (stopped, cut off without a
/// word) holds up nobody. Every 100 ms while the master is missing, every second while it is there:
/// a master that was replaced may answer, and take writes, for ten seconds more (measured), and
/// only the sentinels know. Pushed hints (+switch-master and the like) make it ask at once; they
/// are never believed by themselves, because a hint may be late, and lost when the connection was.
/// </remarks>
internal sealed class SentinelPoller : IEndpointSelector<RedisConnection>, IRedisTopologyObserver, IAsyncDisposable
{
    private static readonly string[] Hints =
    [
        "+switch-master",
        "+failover-state-reconf-slaves",
        "+promoted-slave",
        "+odown",
    ];
    private static readonly TimeSpan MissingInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PresentInterval = TimeSpan.FromSeconds(1);

    private readonly ISentinelListener _listener;
    private readonly RedisLink _link;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>A poller that has not begun.</summary>
    public SentinelPoller(
        RedisEndpoint endpoint,
        ISentinelListener listener,
        RedisConnector connector,
        TimeProvider time,
        Random random
    )
    {
        Place = endpoint;
        _listener = listener;
        _time = time;
        _random = random;
        _link = new RedisLink(this, connector, time, new Random(random.Next()), this);
    }

    /// <summary>The sentinel.</summary>
    public RedisEndpoint Place { get; }

    ServerAddress IEndpointSelector<RedisConnection>.Place => Place.Address;

    /// <summary>Why it is not connected; null if it is, or has not tried yet.</summary>
    public ConnectException? LastFailure => _link.LastFailure;

    /// <summary>Begins. Called once.</summary>
    public void Start()
    {
        _link.Start();
        Detached.Run(() => _loop = Task.Run(RunAsync));
    }

    /// <inheritdoc/>
    public ValueTask<LinkTarget> NextAsync(CancellationToken cancellationToken) => new(new LinkTarget(Place.Address));

    /// <inheritdoc/>
    public ValueTask AdmitAsync(RedisConnection connection, LinkTarget target, CancellationToken cancellationToken) =>
        default;

    /// <inheritdoc/>
    public bool Failed(LinkTarget? target, ConnectException failure) => false;

    /// <inheritdoc/>
    public void OnConnected(RedisConnection connection, RedisServerIdentity? previous)
    {
        foreach (var hint in Hints)
        {
            connection.SendAsync(new RedisCommand("SUBSCRIBE", hint)).AsTask().Abandon();
        }
    }

    /// <inheritdoc/>
    public void OnDisconnected(RedisConnection connection, ConnectionException reason) => _listener.Lost(Place);

    /// <inheritdoc/>
    public void OnConnectFailed(RedisEndpoint endpoint, ConnectException failure) => _listener.Lost(Place);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _link.DisposeAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => $"the sentinel {Place}";

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            // Taken before asking: a hint that comes meanwhile makes it ask once more.
            var hint = _listener.NextHint;
            try
            {
                var connection = await _link.GetAsync(_stop.Token).ConfigureAwait(false);
                _listener.Answered(
                    Place,
                    await SentinelQuestion.AskAsync(connection, _listener.Service).ConfigureAwait(false)
                );
            }
            catch (Exception e) when (e is ConnectionException or RedisServerException)
            {
                // The link connects again; a sentinel that refuses is no help now.
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }

            var interval =
                (_listener.HasMaster ? PresentInterval : MissingInterval) * (0.75 + (_random.NextDouble() / 2));
            await hint.WaitAsync(interval, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
