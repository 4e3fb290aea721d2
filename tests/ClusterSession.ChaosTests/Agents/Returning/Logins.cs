using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Scenarios;
using Xunit;

namespace ClusterSession.ChaosTests.Agents.Returning;

/// <summary>
/// Three who log in: one is logged out everywhere at the master that dies, one at the temporary
/// master, and one has logged in at the one that dies.
/// </summary>
internal sealed class Logins(ChaosCluster nodes, int run)
{
    private readonly Visitor _alice = new();
    private readonly Visitor _bob = new();
    private readonly Visitor _carol = new();

    /// <summary>Two log in; both Redis are to have it.</summary>
    public async Task BeginAsync()
    {
        await _alice.SetAsync(First, "a", "alice", $"&as=alice-{run}");
        await _bob.SetAsync(First, "a", "bob", $"&as=bob-{run}");
    }

    /// <summary>What only the master takes that is about to die.</summary>
    public async Task AtTheOldAsync()
    {
        await Visitor.EndAllAsync(First, $"alice-{run}");
        Assert.Equal((null, false), await _alice.Copy().GetAsync(First, "a"));
        await _bob.SetAsync(First, "b", "later");
        await _carol.SetAsync(First, "a", "carol", $"&as=carol-{run}");
    }

    /// <summary>What the temporary master takes, which knows nothing of that.</summary>
    public async Task MeanwhileAsync()
    {
        // Else that she is logged out in the end would prove nothing.
        Assert.Equal("alice", (await _alice.Copy().GetAsync(First, "a")).Value);
        await Visitor.EndAllAsync(First, $"bob-{run}");
    }

    /// <summary>Who was logged out anywhere is logged out at every node, and nobody else.</summary>
    public async Task InTheEndAsync()
    {
        foreach (var node in nodes.Nodes)
        {
            Assert.Null((await _alice.Copy().GetAsync(node, "a")).Value);
            Assert.Null((await _bob.Copy().GetAsync(node, "a")).Value);
            Assert.Equal(("carol", false), await _carol.Copy().GetAsync(node, "a"));
        }
    }

    private ChaosNodeProcess First => nodes.Nodes[0];
}
