using System.Diagnostics;
using System.Globalization;
using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Load;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.AtRandom;

/// <summary>
/// Faults in an order that nobody chose, at least three of them: <c>./chaos --minutes N --seed
/// S</c>.
/// </summary>
public sealed class RandomFaultTests(ITestOutputHelper output)
{
    private const int Shortest = 3;
    private const int FaultsUntilCalm = 8;

    // Whether a read is stale is asked only where no fault was near: within the limit before it,
    // and the time to settle before that. Faults follow each other faster.
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(6);

    private static readonly CheckOptions Options = CheckOptions.Default with
    {
        MinimumCrossNodeReads = 100,
        RegressionsMayBeReportedDuringFaults = true,
        EndedSessionsMayBeServedDuringFaults = true,
        MinimumOkShare = 0.99, // Far from faults.
        StalenessLimit = TimeSpan.FromSeconds(2),
        IdleTimeout = TimeSpan.FromMinutes(20), // The default of the product.
        ExpirySlack = TimeSpan.FromMinutes(2), // 1.25 touch intervals, and the longest fault.
    };

    [ChaosFact]
    public async Task Random_faults_lose_nothing()
    {
        await using var redis = await SentinelCluster.StartAsync();
        await TellAsync(redis.ConnectionString, (story, nodes, random) =>
            new RandomFaults(story, redis, nodes, random)
        );
    }

    [ChaosFact]
    public async Task Random_faults_of_a_redis_cluster_lose_nothing()
    {
        await using var redis = await RedisClusterFixture.StartAsync();
        await TellAsync(redis.ConnectionString, (story, nodes, random) =>
            new RandomClusterFaults(story, redis, nodes, random)
        );
    }

    private async Task TellAsync(string store, Func<Story, ChaosCluster, Random, IRandomFaults> make)
    {
        var seed = Story.NewSeed();
        var random = new Random(seed);
        var minutes = double.Parse(
            Environment.GetEnvironmentVariable("CLUSTERSESSION_CHAOS_MINUTES") ?? "0",
            CultureInfo.InvariantCulture
        );
        await using var nodes = await ChaosCluster.StartAsync(3, new NodeSettings { Store = store });
        var plan = new LoadPlan
        {
            Name = $"random faults, {minutes:0.##} minutes",
            Seed = seed,
            Nodes = nodes.Addresses,
            Sequential = 8,
            Browsers = 1,
            DevicePairs = 1,
            Thieves = 1,
            Think = TimeSpan.FromMilliseconds(20),
        };
        Story? told = null;
        var verdict = await JudgedAsync(nodes, plan, async story =>
        {
            told = story;
            var faults = make(story, nodes, random);
            var clock = Stopwatch.StartNew();
            IReadOnlyList<string> kinds = Environment.GetEnvironmentVariable("CLUSTERSESSION_CHAOS_FAULTS")
                is { Length: > 0 } chosen
                ? chosen.Split(',')
                : faults.Kinds;
            for (var i = 0; i < Shortest || clock.Elapsed < TimeSpan.FromMinutes(minutes); i++)
            {
                await faults.CauseOneAsync(kinds[random.Next(kinds.Count)]);
                await story.GoOnAsync(random.Next(300, 900));
                if (i % FaultsUntilCalm == FaultsUntilCalm - 1)
                {
                    await story.LastsAsync(Calm);
                }
            }
        });
        if (Environment.GetEnvironmentVariable("CLUSTERSESSION_CHAOS_VERDICT") is { Length: > 0 } file)
        {
            await File.WriteAllTextAsync(
                file,
                $"{verdict}  lost for good: {Story.LostForGood(verdict)}{Environment.NewLine}{told?.Witness(verdict)}{Environment.NewLine}"
            );
        }

        Assert.True(verdict.Outcome == VerdictOutcome.Passed && Story.LostForGood(verdict) == 0, verdict.ToString());
    }

    /// <summary>Where there is no verdict, the logs of the nodes say why.</summary>
    private async Task<Verdict> JudgedAsync(ChaosCluster nodes, LoadPlan plan, Func<Story, Task> tell)
    {
        try
        {
            return await Story.TellAsync(output, plan, Options, tell);
        }
        catch
        {
            foreach (var node in nodes.Nodes)
            {
                output.WriteLine($"the log of {node.Name}:{Environment.NewLine}{node.Process.Output}");
            }

            throw;
        }
    }
}
