using System.Globalization;
using ClusterSession.IntegrationTests.Samples;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Stores;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Topology;

/// <summary>
/// What <c>fence=lease</c> costs Redis a commit: as a count, and, printed, as its processor time.
/// </summary>
public sealed class FenceCostTests(ITestOutputHelper output)
{
    private const int Sessions = 64;
    private const int CommitsOfEach = 1_500;
    private const int Rounds = 11;
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    private readonly VersionSource _versions = new();

    [LongFact]
    public async Task Fence_costs_one_read_a_commit_and_nothing_where_it_is_not_asked_for()
    {
        await using var redis = await RedisServer.StartAsync();
        var runId = await redis.InfoAsync("server", "run_id");
        await redis.CommandAsync("SET", "cs:1:lease", $"{runId} 1");
        await using var plain = RedisNode.Store(redis.ConnectionString);
        await using var fenced = RedisNode.Store($"{redis.ConnectionString},fence=lease");
        await plain.StartAsync(new RecordingObserver(), default);
        await fenced.StartAsync(new RecordingObserver(), default);
        var costs = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            var without = await MeasureAsync(redis, plain);
            var with = await MeasureAsync(redis, fenced);
            output.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"a commit takes {without.Microseconds:0.00} us of Redis, {with.Microseconds:0.00} with the fence"
                )
            );
            Assert.Equal((0, 1), (Math.Round(without.Reads, 2), Math.Round(with.Reads, 2)));
            costs.Add(with.Microseconds - without.Microseconds);
        }

        costs.Sort();
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"the fence: {costs[0]:0.00} to {costs[^1]:0.00} us, median {costs[Rounds / 2]:0.00}"
            )
        );
    }

    private async Task<(double Microseconds, double Reads)> MeasureAsync(RedisServer redis, RedisSessionStore store)
    {
        var sessions = await Task.WhenAll(Enumerable.Range(0, Sessions).Select(_ => CreateAsync(store)));
        await redis.CommandAsync("CONFIG", "RESETSTAT");
        await Task.WhenAll(sessions.Select(session => CommitAsync(store, session.Key, session.Record)));
        const double Commits = Sessions * CommitsOfEach;
        return (await StatAsync(redis, "evalsha", "usec") / Commits, await StatAsync(redis, "get", "calls") / Commits);
    }

    private async Task<(SessionKey Key, SessionRecord Record)> CreateAsync(RedisSessionStore store)
    {
        var (key, version) = (SessionKeys.New(), _versions.Next());
        var record = Delta().ApplyTo(SessionRecord.New(DateTimeOffset.UnixEpoch), version, 0);
        var copy = new SessionMerge(record, version, MergeMode.Create, Life, PreviousStamp: 0);
        Assert.Equal(WriteOutcome.Committed, (await store.MergeAsync(key, copy, default)).Outcome);
        return (key, record);
    }

    private async Task CommitAsync(RedisSessionStore store, SessionKey key, SessionRecord opened)
    {
        for (var i = 0; i < CommitsOfEach; i++)
        {
            var (version, delta) = (_versions.Next(), Delta());
            var change = new SessionChange(
                opened.Version,
                version,
                delta,
                [],
                Life,
                Life / 2,
                PreviousStamp: opened.Version.Stamp,
                Opened: opened
            );
            Assert.Equal(WriteOutcome.Committed, (await store.CommitAsync(key, change, default)).Outcome);
            opened = delta.ApplyTo(opened, version, opened.Version.Stamp);
        }
    }

    private static SessionDelta Delta()
    {
        var delta = new SessionDelta();
        delta.Set("a", [1, 2, 3, 4, 5, 6, 7, 8]);
        return delta;
    }

    /// <summary>A figure of a command since the statistics began anew; 0: not used.</summary>
    private static async Task<double> StatAsync(RedisServer redis, string command, string figure)
    {
        var line = (await redis.CommandAsync("INFO", "commandstats"))
            .Split("\r\n")
            .FirstOrDefault(line => line.StartsWith($"cmdstat_{command}:", StringComparison.Ordinal));
        return line is null
            ? 0
            : double.Parse(
                line.Split(':')[1].Split(',').First(part => part.StartsWith($"{figure}=", StringComparison.Ordinal))[
                    (figure.Length + 1)..
                ],
                CultureInfo.InvariantCulture
            );
    }
}
