using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Signals;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology.Cluster;

/// <summary>
/// Keeps the slot map current: asks one node of the cluster, whichever answers, every second, and
/// every 100 ms while a master is missing. Thread-safe.
/// </summary>
/// <param name="options">Where nodes may be, and how they are connected to.</param>
/// <param name="routes">Takes the views.</param>
/// <param name="ruler">Hears that the map was confirmed; null: nobody needs it.</param>
/// <param name="observer">Hears of nodes that could not be asked.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Used by the loop only.</param>
internal sealed class SlotMapPoller(
    RedisOptions options,
    SlotRoutes routes,
    SlotRuler? ruler,
    IRedisTopologyObserver? observer,
    TimeProvider time,
    Random random
) : IAsyncDisposable
{
    private static readonly TimeSpan WholeInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BrokenInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LeastInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);
    private const int MaxAskedAfresh = 3;
    private readonly RedisConnector _discovery = new(options, time, null, new RedisHandshakeOptions());
    private readonly CancellationTokenSource _stop = new();
    private readonly ChangeSignal _kick = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>Begins. Called once.</summary>
    public void Start() => Detached.Run(() => _loop = Task.Run(RunAsync));

    /// <summary>Something speaks against the map: asks at once.</summary>
    public void Kick() => _kick.Set();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                // Taken before asking: a kick that comes meanwhile makes it ask once more.
                var kick = _kick.Next;
                await RefreshAsync().ConfigureAwait(false);
                var pause = (routes.IsWhole ? WholeInterval : BrokenInterval) * (0.75 + (random.NextDouble() / 2));

                // Kicks come in crowds: every attempt to reach a dead master is one.
                await Task.Delay(LeastInterval, time, _stop.Token).ConfigureAwait(false);
                await kick.WaitAsync(pause, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // A node that stopped asking would never find the next master.
                routes.Failed(
                    new ConnectException(ConnectFailure.Unreachable, $"The slots were not found out: {e.Message}", e)
                );
                await Task.Delay(BrokenInterval, time, _stop.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>
    /// Asks one node, whichever answers: over the connections that are there, else over a new one.
    /// </summary>
    private async Task RefreshAsync()
    {
        var open = routes.Open;
        RedisEndpoint[] known =
        [
            .. options.Endpoints.Union(routes.Map.Nodes).Except(open.Select(connection => connection.Endpoint)),
        ];
        random.Shuffle(open);
        random.Shuffle(known);
        foreach (var connection in open)
        {
            if (await AskAsync(connection).ConfigureAwait(false))
            {
                return;
            }
        }

        foreach (var endpoint in known.Take(MaxAskedAfresh))
        {
            try
            {
                var connection = await _discovery.ConnectAsync(endpoint, _stop.Token).ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    if (await AskAsync(connection).ConfigureAwait(false))
                    {
                        return;
                    }
                }
            }
            catch (ConnectException failure)
            {
                Failed(endpoint, failure);
            }
        }
    }

    private async Task<bool> AskAsync(RedisConnection connection)
    {
        try
        {
            var askedAt = time.GetTimestamp();
            var reply = await connection
                .SendAsync(new RedisCommand("CLUSTER", "NODES"))
                .AsTask()
                .WaitAsync(Patience, time, _stop.Token)
                .ConfigureAwait(false);
            var view = ClusterNode.ParseAll(
                reply.AsString(),
                connection.Endpoint,
                options is { Tls: true, TlsHost: null }
            );
            if (!view.Any(node => node.Slots.Count > 0))
            {
                Failed(
                    connection.Endpoint,
                    new ConnectException(
                        ConnectFailure.NotReady,
                        $"{connection.Endpoint} knows of no slots: the cluster is not set up yet."
                    )
                );
                return false;
            }

            routes.Apply(view);
            ruler?.Confirm(view, askedAt);
            return true;
        }
        catch (RedisServerException e)
        {
            Failed(
                connection.Endpoint,
                new ConnectException(
                    ConnectFailure.Unsupported,
                    $"{connection.Endpoint} does not tell the cluster's nodes: {e.Text} Give the user +cluster|nodes, "
                        + "or remove cluster=true.",
                    e
                )
            );
            return false;
        }
        catch (Exception e) when (e is ConnectionException or TimeoutException)
        {
            return false;
        }
    }

    private void Failed(RedisEndpoint endpoint, ConnectException failure)
    {
        routes.Failed(failure);
        observer?.OnConnectFailed(endpoint, failure);
    }
}
