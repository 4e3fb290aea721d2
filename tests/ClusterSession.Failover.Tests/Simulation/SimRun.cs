using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using Xunit;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>One run of a simulated cluster.</summary>
internal static class SimRun
{
    public static SimCluster Start(
        int seed,
        FailoverTimings timings,
        MemberKind[] kinds,
        bool hasFence,
        bool hasDurations,
        Action<SimCluster> script
    )
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null); // Continuations run where they are completed.
        try
        {
            var cluster = new SimCluster(new SimWorld(seed), timings, kinds)
            {
                HasFence = hasFence,
                HasDurations = hasDurations,
            };
            script(cluster);
            return cluster;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    /// <summary>
    /// Two candidates and a read replica, of which the first is the open master after 8 s.
    /// </summary>
    public static void Tell(Action<SimCluster> script, FailoverTimings? timings = null, params MemberKind[] kinds)
    {
        MemberKind[] usual = [MemberKind.Candidate, MemberKind.Candidate, MemberKind.ReadReplica];
        var cluster = Start(
            1,
            timings ?? SimCluster.ShortWindows,
            kinds.Length > 0 ? kinds : usual,
            true,
            false,
            cluster =>
            {
                cluster.World.RunUntil(TimeSpan.FromSeconds(8));
                Assert.Equal("a", cluster.Open?.Name);
                script(cluster);
            }
        );
        Assert.True(
            cluster.Checker.Violations.Count == 0,
            string.Join('\n', cluster.Checker.Violations.Concat(cluster.World.Story))
        );
    }

    public static void RunFor(this SimCluster cluster, double seconds) =>
        cluster.World.RunUntil(cluster.World.Now + TimeSpan.FromSeconds(seconds));
}
