using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Stores;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Sessions;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace ClusterSession.ChaosTests.Agents.Returning;

/// <summary>
/// What a large merge costs, and what clients of the target see of it: 100,000 sessions of 500
/// bytes, or as many as CLUSTERSESSION_SESSIONS says, 1 in 100 of them ahead at the source, under
/// about 1,000 requests a second. Everything is printed; no time is asserted.
/// </summary>
public sealed partial class MergeUnderLoadTests(ITestOutputHelper output)
{
    private const int AheadIn = 100;
    private const int Clients = 100;
    private const int RequestsBefore = 10_000;
    private const string Merging = "merge into the store";
    private static readonly TimeSpan Life = TimeSpan.FromHours(2);
    private static readonly TimeSpan Think = TimeSpan.FromMilliseconds(2 * Clients);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);
    private static readonly byte[] Value = Encoding.ASCII.GetBytes(new string('v', 500));

    private readonly VersionSource _versions = new();

    private static int Sessions =>
        int.TryParse(Environment.GetEnvironmentVariable("CLUSTERSESSION_SESSIONS"), out var sessions)
            ? sessions
            : 100_000;

    [LongFact]
    public async Task Large_merge_under_1000_requests_a_second()
    {
        await using var source = await RedisServer.StartAsync();
        await using var target = await RedisServer.StartAsync();
        var clock = Stopwatch.StartNew();
        var ahead = await FillAsync(source, target);
        output.WriteLine($"{Sessions} sessions, {ahead} of them ahead, were made in {clock.Elapsed.TotalSeconds:0} s");

        await using var nodes = await ChaosCluster.StartAsync(
            2,
            new NodeSettings { Store = target.ConnectionString },
            AgentSite.NodeArguments
        );
        var plan = Story.Sticky(Merging, nodes, Merging) with { Sequential = Clients, Think = Think };
        var options = CheckOptions.Default with { MinimumCrossNodeReads = 0 };
        await Story.TellWithoutLossAsync(output, plan, options, async story =>
        {
            var recorder = story.Load.Recorder;
            await RequestsAsync(recorder); // A process that has just begun is slow by itself.
            var from = recorder.NowNs;
            await RequestsAsync(recorder);
            var (begun, read, taken) = (recorder.NowNs, await BytesAsync(source), await BytesAsync(target));
            var said = "";
            await story.FaultAsync(
                Merging,
                target.Endpoint,
                FaultLayer.Store,
                async () => said = await MergeAsync(source, target),
                static () => Task.CompletedTask,
                effect: FaultEffect.Nothing
            );
            var ended = recorder.NowNs;
            output.WriteLine(said);
            output.WriteLine($"it took {(ended - begun) / 1e9:0.0} s");
            output.WriteLine(
                $"the source sent {await BytesAsync(source) - read:N0} bytes; source and target had together "
                    + $"{await BytesAsync(target) - taken:N0} bytes of the target's, those of clients included"
            );
            output.WriteLine(Latencies("before", recorder, from, begun));
            output.WriteLine(Latencies("during", recorder, begun, ended));
            Assert.Equal(ahead, Number(MergedLine().Match(said)));
        });
    }

    private static Task RequestsAsync(HistoryRecorder recorder)
    {
        var until = recorder.Count + RequestsBefore;
        return Condition.HoldsAsync(
            () => recorder.Count >= until,
            $"{RequestsBefore} more requests were made",
            Patience
        );
    }

    [GeneratedRegex(@"Merged\s+([\d,]+)")]
    private static partial Regex MergedLine();

    private static int Number(Match match) =>
        int.Parse(match.Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    /// <summary>What the server has sent.</summary>
    private static async Task<long> BytesAsync(RedisServer server) =>
        long.Parse(await server.InfoAsync("stats", "total_net_output_bytes"), CultureInfo.InvariantCulture);

    private static string Latencies(string when, HistoryRecorder recorder, long from, long to)
    {
        var requests = recorder
            .ToHistory()
            .Events.Where(request => request.InvokeNs >= from && request.CompleteNs < to)
            .Select(request => (request.CompleteNs - request.InvokeNs) / 1e6)
            .Order()
            .ToArray();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{when}: {requests.Length} requests, {requests.Length / ((to - from) / 1e9):0} a second, median "
                + $"{requests[requests.Length / 2]:0.0} ms, p99 {requests[requests.Length * 99 / 100]:0.0} ms, longest "
                + $"{requests[^1]:0.0} ms"
        );
    }

    private static async Task<string> MergeAsync(RedisServer source, RedisServer target)
    {
        using var directory = new TemporaryDirectory();
        await using var tool = await NetworkHost.Loopback.StartAsync(
            "dotnet",
            [
                "exec",
                Path.Combine(AppContext.BaseDirectory, "cluster-session.dll"),
                "merge",
                "--from",
                source.Endpoint,
                "--into",
                target.Endpoint,
                "--prefix",
                AgentSite.KeyPrefix,
            ],
            directory.Path
        );
        await Condition.HoldsAsync(() => tool.HasExited, "the merge has ended", Patience);
        Assert.True(tool.ExitCode == 0, tool.Output);
        return tool.Output;
    }

    /// <summary>Both have all sessions; then the source goes on with some of them.</summary>
    private async Task<int> FillAsync(RedisServer source, RedisServer target)
    {
        const int AtOnce = 1000;
        const string Patient = ",asyncTimeout=60000,heartbeatTimeout=60000,connectTimeout=60000";
        await using var store = new RedisSessionStore(
            RedisOptions.Parse(source.ConnectionString + Patient),
            AgentSite.KeyPrefix,
            TimeSpan.FromSeconds(30),
            TimeProvider.System,
            new Random(7),
            NullLogger<RedisSessionStore>.Instance
        );
        await store.StartAsync(new RecordingObserver(), default);
        var keys = new List<SessionKey>();
        while (keys.Count < Sessions)
        {
            keys.AddRange(await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => CreateAsync(store))));
        }

        await target.CommandAsync("REPLICAOF", source.Host, source.Port.ToString(CultureInfo.InvariantCulture));
        await Condition.HoldsAsync(
            async () => await target.InfoAsync("replication", "master_link_status") == "up",
            "the target has all sessions",
            Patience
        );
        await target.HasAllOfAsync(source);
        await target.CommandAsync("REPLICAOF", "NO", "ONE");
        var ahead = keys.Where((_, i) => i % AheadIn == 0).ToArray();
        foreach (var some in ahead.Chunk(AtOnce))
        {
            await Task.WhenAll(some.Select(key => CommitAsync(store, key)));
        }

        return ahead.Length;
    }

    private async Task<SessionKey> CreateAsync(RedisSessionStore store)
    {
        var (key, version) = (SessionKeys.New(), _versions.Next());
        var record = Delta("a").ApplyTo(SessionRecord.New(DateTimeOffset.UnixEpoch), version, 0);
        var copy = new SessionMerge(record, version, MergeMode.Create, Life, PreviousStamp: 0);
        Assert.Equal(WriteOutcome.Committed, (await store.MergeAsync(key, copy, default)).Outcome);
        return key;
    }

    private async Task CommitAsync(RedisSessionStore store, SessionKey key)
    {
        var opened = (await store.ReadAsync(key, SessionVersion.None, default)).Record!;
        var change = new SessionChange(
            opened.Version,
            _versions.Next(),
            Delta("b"),
            [],
            Life,
            Life,
            PreviousStamp: 0,
            Opened: opened
        );
        Assert.Equal(WriteOutcome.Committed, (await store.CommitAsync(key, change, default)).Outcome);
    }

    private static SessionDelta Delta(string name)
    {
        var delta = new SessionDelta();
        delta.Set(name, Value);
        return delta;
    }
}
