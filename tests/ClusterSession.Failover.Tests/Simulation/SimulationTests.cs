using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using Xunit;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>
/// Decider and loop as they are, over drawn faults and commands. 200 seeds, 10,000 with
/// CLUSTERSESSION_LONG=1, or as many as CLUSTERSESSION_SEEDS says; CLUSTERSESSION_SEED repeats one.
/// <see cref="SimCoordinator"/> says what must hold under which fault of the store.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Faults = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan End = TimeSpan.FromSeconds(90);

    private static FailoverTimings WithReturn { get; } =
        SimCluster.ShortWindows with
        {
            ReturnAfter = TimeSpan.FromSeconds(3),
        };

    private static int[] Seeds =>
        int.TryParse(Environment.GetEnvironmentVariable("CLUSTERSESSION_SEED"), out var seed) ? [seed]
        : int.TryParse(Environment.GetEnvironmentVariable("CLUSTERSESSION_SEEDS"), out var count)
            ? [.. Enumerable.Range(1, count)]
        : Environment.GetEnvironmentVariable("CLUSTERSESSION_LONG") == "1" ? [.. Enumerable.Range(1, 10_000)]
        : [.. Enumerable.Range(1, 200)];

    [Fact]
    public void Drawn_faults_never_make_two_masters_or_wipe_a_commit_and_one_master_is_open_in_the_end()
    {
        var (acknowledged, switches, merges, overlaps, longest) = (0L, 0, 0, 0, TimeSpan.Zero);
        var failed = new List<(int Seed, SimCluster Cluster)>();
        foreach (var seed in Seeds)
        {
            var cluster = Run(seed, seed % 2 == 0 ? SimCluster.ShortWindows : WithReturn);
            acknowledged += cluster.Checker.Acknowledged;
            switches += cluster.Checker.Switches;
            merges += cluster.Checker.Merges;
            overlaps += cluster.Checker.Overlaps;
            longest = longest > cluster.Checker.LongestOverlap ? longest : cluster.Checker.LongestOverlap;
            if (cluster.Checker.Violations.Count > 0)
            {
                failed.Add((seed, cluster));
            }
        }

        output.WriteLine(
            $"{Seeds.Length} runs: {acknowledged} commits acknowledged, {switches} switches and "
                + $"{merges} merges done, {failed.Count} runs failed. Two were open {overlaps} times, since the lease "
                + $"of one was ended by force, for {longest.TotalSeconds:0.00} s at most."
        );
        Assert.True(
            failed.Count == 0,
            string.Join(
                '\n',
                failed.Select(run =>
                    $"CLUSTERSESSION_SEED={run.Seed}: "
                    + string.Join("; ", run.Cluster.Checker.Violations.Distinct().Take(3))
                )
            ) + $"\n{string.Join('\n', failed.Select(run => run.Cluster.World.Story).FirstOrDefault([]))}"
        );
        Assert.True(acknowledged > Seeds.Length * 100);
        Assert.True(Seeds.Length < 100 || (switches > 0 && merges > 0 && overlaps > 0));
    }

    [Fact]
    public void Same_seed_gives_the_same_run()
    {
        var runs = Enumerable.Range(0, 2).Select(_ => Run(7, SimCluster.ShortWindows).World.Story).ToArray();
        Assert.NotEmpty(runs[0]);
        Assert.Equal(runs[0], runs[1]);
    }

    [Fact]
    public void Simulation_catches_scripts_without_a_fence() =>
        Assert.True(IsCaught("two masters", SimCluster.ShortWindows, hasFence: false));

    [Fact]
    public void Simulation_catches_a_holder_that_counts_longer_than_its_lease_lasts() =>
        Assert.True(IsCaught("two masters", SimCluster.ShortWindows with { Drift = -0.4 }));

    [Fact]
    public void Simulation_catches_a_decider_that_prefers_the_newest_offset_to_the_highest_epoch() =>
        Assert.True(
            IsCaught(
                "has data of epoch",
                SimCluster.ShortWindows with
                {
                    Newer = (x, y) => x.Offset.CompareTo(y.Offset),
                }
            )
        );

    [Fact]
    public void Simulation_catches_a_decider_that_follows_before_merging() =>
        Assert.True(IsCaught("are wiped", SimCluster.ShortWindows with { IsContained = (_, _) => true }));

    /// <summary>Whether one of the usual seeds shows it.</summary>
    private static bool IsCaught(string violation, FailoverTimings timings, bool hasFence = true) =>
        Enumerable
            .Range(1, 200)
            .Any(seed =>
                Run(seed, timings, hasFence)
                    .Checker.Violations.Any(what => what.Contains(violation, StringComparison.Ordinal))
            );

    private static SimCluster Run(int seed, FailoverTimings timings, bool hasFence = true)
    {
        MemberKind[] kinds = (seed % 3) switch
        {
            0 => [MemberKind.Candidate, MemberKind.Candidate],
            1 => [MemberKind.Candidate, MemberKind.Candidate, MemberKind.ReadReplica],
            _ => [MemberKind.Candidate, MemberKind.Candidate, MemberKind.Candidate],
        };
        return SimRun.Start(seed, timings, kinds, hasFence, hasDurations: false, cluster =>
        {
            cluster.World.After(TimeSpan.FromSeconds(6), () => new SimFaults(cluster).Draw(Faults));
            cluster.World.After(Faults + TimeSpan.FromSeconds(8), cluster.Heal);
            cluster.World.RunUntil(End);
            if (cluster.Coordinator.Document is not { Switch: null, Change: null })
            {
                cluster.RunFor(5); // The way back may have begun just now.
            }

            cluster.Checker.InTheEnd();
        });
    }
}
