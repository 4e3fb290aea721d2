using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Face;
using Xunit;

namespace ClusterSession.Cli.Tests.Verdicts;

/// <summary>Agents that agree in ZooKeeper: nobody is sent to a voter.</summary>
public sealed class ZooKeeperVerdictTests
{
    private const string Name = "ZooKeeper at zk1:2181,zk2:2181,zk3:2181/shop";

    [Fact]
    public void Master_without_ZooKeeper_is_reported_with_its_servers()
    {
        var status = Clusters.ByPromises;
        var verdict = ClusterVerdict.Of(status with { Store = status.Store with { Name = Name } });
        var alarm = Assert.Single(verdict.Alarms, alarm => alarm.Name == "store-unreachable");
        Assert.Contains(Name, alarm.Remedy, StringComparison.Ordinal);
        Assert.Contains("more than half of its servers", alarm.Remedy, StringComparison.Ordinal);
        Assert.DoesNotContain("members", alarm.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void No_master_without_ZooKeeper_says_what_it_waits_for()
    {
        var status = Clusters.StoreUnreachable;
        var verdict = ClusterVerdict.Of(status with { Store = new StoreStatus(false, false, false, Name: Name) });
        Assert.Contains(Name, verdict.Why, StringComparison.Ordinal);
        Assert.Contains("more than half of its servers reach each other", verdict.Next, StringComparison.Ordinal);
        Assert.DoesNotContain("voter", verdict.Why + verdict.Next + verdict.ToDo, StringComparison.Ordinal);
    }
}
