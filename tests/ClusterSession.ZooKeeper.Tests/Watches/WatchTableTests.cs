using ClusterSession.ZooKeeper.Watches;
using Xunit;

namespace ClusterSession.ZooKeeper.Tests.Watches;

/// <summary>Which watches an event fires.</summary>
public sealed class WatchTableTests
{
    [Theory]
    [InlineData(NodeEventKind.Created, "Data Exist")]
    [InlineData(NodeEventKind.DataChanged, "Data Exist")]
    [InlineData(NodeEventKind.Deleted, "Data Exist Children")]
    [InlineData(NodeEventKind.ChildrenChanged, "Children")]
    public void Event_fires_the_watches_that_wait_for_it_and_leaves_the_others(NodeEventKind kind, string fired)
    {
        var table = new WatchTable();
        var watches = Enum.GetValues<WatchKind>().ToDictionary(one => one, _ => new NodeWatch());
        var elsewhere = new NodeWatch();
        foreach (var (one, watch) in watches)
        {
            table.Add(one, "/x/a", watch);
        }

        table.Add(WatchKind.Data, "/x/b", elsewhere);
        table.Fire(kind, "/x/a", "/a");
        Assert.Equal(
            fired,
            string.Join(' ', watches.Where(watch => watch.Value.Fired.IsCompleted).Select(watch => watch.Key).Order())
        );
        Assert.False(elsewhere.Fired.IsCompleted);
        Assert.Equal(4 - fired.Split(' ').Length, table.Count);
        Assert.Equal(table.Count, table.Snapshot().Count);
    }

    [Fact]
    public async Task Several_who_wait_for_one_node_are_one_watch_of_the_server()
    {
        var table = new WatchTable();
        NodeWatch[] watches = [new(), new()];
        Array.ForEach(watches, watch => table.Add(WatchKind.Data, "/a", watch));
        Assert.Single(table.Snapshot());
        table.Fire(NodeEventKind.DataChanged, "/a", "/a");
        foreach (var watch in watches)
        {
            Assert.Equal(new NodeEvent(NodeEventKind.DataChanged, "/a"), await watch.Fired);
        }
    }

    [Fact]
    public async Task End_of_the_session_fires_all_and_whatever_comes_later()
    {
        var table = new WatchTable();
        NodeWatch[] watches = [new(), new()];
        table.Add(WatchKind.Children, "/a", watches[0]);
        table.End();
        table.Add(WatchKind.Children, "/a", watches[1]);
        foreach (var watch in watches)
        {
            Assert.Equal(NodeEventKind.SessionEnded, (await watch.Fired).Kind);
        }

        Assert.Equal(0, table.Count);
    }
}
