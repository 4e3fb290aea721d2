using ClusterSession.Redis;
using ClusterSession.Redis.Topology.Cluster;
using Xunit;

namespace ClusterSession.Tests.Redis.Topology.Cluster;

public sealed class SlotMapTests
{
    private const string View = """
        aaa 127.0.0.1:7001@17001 myself,master - 0 0 3 connected 0-5460 5462 [5461-<-bbb]
        bbb 127.0.0.1:7002@17002,host-b master - 0 1700000000000 4 connected 5461 5463-16383
        ccc 127.0.0.1:7003@17003 slave aaa 0 1700000000000 3 connected
        ddd :0@0 master,noaddr - 0 0 0 disconnected
        eee 127.0.0.1:7005@17005 master - 0 1700000000000 0 connected
        fff 127.0.0.1:7006@17006 master,fail - 0 1700000000000 2 disconnected
        """;

    [Fact]
    public void Nodes_are_read_with_role_epoch_and_slots()
    {
        var nodes = ClusterNode.ParseAll(View, new RedisEndpoint("me", 1), wantsNames: false);
        Assert.Equal(["aaa", "bbb", "ccc", "ddd", "eee", "fff"], nodes.Select(n => n.Id));
        Assert.Equal([(0, 5460), (5462, 5462)], nodes[0].Slots);
        Assert.Equal([true, true, false, true, true, true], nodes.Select(n => n.IsMaster));
        Assert.Equal([3, 4, 3, 0, 0, 2], nodes.Select(n => n.Epoch));
        Assert.Null(nodes[3].Endpoint);
        Assert.Equal(new RedisEndpoint("127.0.0.1", 7002), nodes[1].Endpoint);
        Assert.Equal(
            new RedisEndpoint("host-b", 7002),
            ClusterNode.ParseAll(View, default, wantsNames: true)[1].Endpoint
        );
    }

    [Fact]
    public void A_node_that_does_not_know_its_address_is_where_it_answered() =>
        Assert.Equal(
            new RedisEndpoint("me", 7001),
            ClusterNode
                .ParseAll("aaa :7001@17001 myself,master - 0 0 3 connected 1", new RedisEndpoint("me", 1), false)[0]
                .Endpoint
        );

    [Fact]
    public void Owners_and_masters_without_slots_are_kept_and_failed_ones_are_not()
    {
        var map = SlotMap.Empty.With(ClusterNode.ParseAll(View, default, false));
        Assert.True(map.IsComplete);
        Assert.Equal(7001, map[0]?.Port);
        Assert.Equal(7002, map[5461]?.Port);
        Assert.Equal(7001, map[5462]?.Port);
        Assert.Equal([7001, 7002, 7005], map.Masters.Select(m => m.Port).Order());
        Assert.Equal([7001, 7002, 7003, 7005, 7006], map.Nodes.Select(m => m.Port).Order());
    }

    [Fact]
    public void Replica_is_known_by_its_master_until_it_is_one_itself()
    {
        var map = SlotMap.Empty.With(ClusterNode.ParseAll(View, default, false));
        Assert.Equal(7001, map.MasterOf(new RedisEndpoint("127.0.0.1", 7003))?.Port);
        Assert.Null(map.MasterOf(new RedisEndpoint("127.0.0.1", 7001)));
        Assert.Null(map.MasterOf(new RedisEndpoint("127.0.0.1", 1)));

        var promoted = map.With(
            ClusterNode.ParseAll("ccc 127.0.0.1:7003@17003 master - 0 0 9 connected 0-5460", default, false)
        );
        Assert.Null(promoted.MasterOf(new RedisEndpoint("127.0.0.1", 7003)));
    }

    // Node a had the slots with epoch 5.
    [Theory]
    [InlineData("b 6", true, 7002)] // b was promoted
    [InlineData("b 4", true, 7001)] // an out-of-date view
    [InlineData("b 5", true, 7002)] // no way to tell: the later answer counts
    [InlineData("b 1", false, 7002)] // set up anew, nobody knows a any more
    public void Of_two_claims_the_newer_epoch_wins(string claim, bool knowsA, int owner)
    {
        var parts = claim.Split(' ');
        var before = SlotMap.Empty.With(
            ClusterNode.ParseAll("a h:7001@1 master - 0 0 5 connected 0-99", default, false)
        );
        var view =
            $"{parts[0]} h:7002@1 master - 0 0 {parts[1]} connected 0-99\n"
            + (knowsA ? "a h:7001@1 slave b 0 0 5 connected" : "");
        Assert.Equal(owner, before.With(ClusterNode.ParseAll(view, default, false))[50]?.Port);
    }

    // Node a had slots 0 to 99 with epoch 5, and b claims them with a lower one.
    [Theory]
    [InlineData("5 connected 100-199", 7002)] // a itself has given them up
    [InlineData("6 connected", 7002)]
    [InlineData("4 connected 100-199", 7001)] // an out-of-date view: a had no such slots yet
    [InlineData("5 connected 0-99", 7001)] // a claims them still
    public void Owner_that_does_not_claim_a_slot_any_more_loses_it_to_any_epoch(string seenOfA, int owner)
    {
        var before = SlotMap.Empty.With(
            ClusterNode.ParseAll("a h:7001@1 master - 0 0 5 connected 0-99", default, false)
        );
        var view = $"b h:7002@1 master - 0 0 3 connected 0-99\na h:7001@1 master - 0 0 {seenOfA}";
        Assert.Equal(owner, before.With(ClusterNode.ParseAll(view, default, false))[50]?.Port);
    }
}
