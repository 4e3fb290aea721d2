using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Topology;
using ClusterSession.Redis.Topology.Cluster;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.Tests.Redis.Topology.Cluster;

/// <summary>What redirections and views make of the routes, which lead to nobody.</summary>
public sealed class SlotRoutesTests
{
    private readonly RedisEndpoint _first = new("127.0.0.1", FreePort.Next());
    private readonly RedisEndpoint _second = new("127.0.0.1", FreePort.Next());
    private readonly RedisEndpoint _replica = new("127.0.0.1", FreePort.Next());
    private readonly RedisOptions _options = new();
    private readonly SlotRoutes _routes;

    public SlotRoutesTests()
    {
        var connector = new RedisConnector(_options, TimeProvider.System, null, new RedisHandshakeOptions());
        _routes = new SlotRoutes(
            new ShardLinks(
                (endpoint, previous, partition) =>
                    new RedisLink(
                        new ClusterEndpointSelector(endpoint, static () => { }, null),
                        connector,
                        TimeProvider.System,
                        new Random(1),
                        null,
                        previous,
                        partition: partition
                    )
            ),
            null
        );
    }

    private string View =>
        $"""
            aaa {_first}@1 master - 0 0 3 connected 0-8000
            bbb {_second}@2 master - 0 0 4 connected 8001-16383
            ccc {_replica}@3 slave aaa 0 0 3 connected
            """;

    [Fact]
    public async Task Slot_that_a_late_redirection_led_to_a_replica_is_led_back_by_the_next_view()
    {
        _routes.Apply(Nodes(View));
        _routes.Redirect(new Redirection(0, _replica), by: _second);
        Assert.Same(_routes.LinkTo(_replica), _routes[0]);
        _routes.Apply(Nodes(View));
        Assert.Same(_routes.LinkTo(_first), _routes[0]);
        await _routes.CloseAsync();
    }

    [Fact]
    public async Task Promoted_replica_that_a_redirection_names_first_takes_the_place_of_its_master()
    {
        _routes.Apply(Nodes(View));
        _routes.Redirect(new Redirection(0, _replica), by: _second);
        Assert.Equal(_routes.LinkTo(_first).Partition, _routes.LinkTo(_replica).Partition);
        await _routes.CloseAsync();
    }

    [Fact]
    public async Task Master_that_gets_a_slot_of_a_living_one_keeps_its_own_place()
    {
        _routes.Apply(Nodes(View));
        _routes.Redirect(new Redirection(0, _second), by: _first);
        Assert.Same(_routes.LinkTo(_second), _routes[0]);
        Assert.NotEqual(_routes.LinkTo(_first).Partition, _routes.LinkTo(_second).Partition);
        await _routes.CloseAsync();
    }

    [Fact]
    public async Task Slots_are_asked_for_again_after_an_observer_has_thrown()
    {
        _options.Endpoints.Add(_first);
        var observer = new ThrowingObserver();
        await using var poller = new SlotMapPoller(
            _options,
            _routes,
            null,
            observer,
            TimeProvider.System,
            new Random(1)
        );
        poller.Start();
        await Condition.HoldsAsync(() => observer.Asked >= 2, "a node is asked again");
        await _routes.CloseAsync();
    }

    private static IReadOnlyList<ClusterNode> Nodes(string view) => ClusterNode.ParseAll(view, default, false);

    private sealed class ThrowingObserver : IRedisTopologyObserver
    {
        private int _asked;

        public int Asked => Volatile.Read(ref _asked);

        public void OnConnected(RedisConnection connection, RedisServerIdentity? previous) { }

        public void OnDisconnected(RedisConnection connection, ConnectionException reason) { }

        public void OnConnectFailed(RedisEndpoint endpoint, ConnectException failure)
        {
            Interlocked.Increment(ref _asked);
            throw new InvalidOperationException("An observer's own failure.");
        }
    }
}
