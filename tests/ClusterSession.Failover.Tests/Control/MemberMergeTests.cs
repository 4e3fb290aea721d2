using System.Text;
using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Control;
using ClusterSession.Failover.Sights;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Stores;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Sessions;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace ClusterSession.Failover.Tests.Control;

/// <summary>The agent's merge of a closed Redis into a master, and the copy of its files.</summary>
public sealed class MemberMergeTests : IAsyncLifetime
{
    private readonly VersionSource _versions = new(writer: 7);
    private readonly Counts _counts = new();
    private ClosedRedis _former = null!;
    private ClosedRedis _master = null!;
    private Tenure _tenure;

    public async ValueTask InitializeAsync()
    {
        (_former, _master) = (await ClosedRedis.StartAsync(), await ClosedRedis.StartAsync());
        await _former.OpenAsync(epoch: 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _former.DisposeAsync();
        await _master.DisposeAsync();
    }

    [Fact]
    public async Task What_only_a_closed_member_has_is_merged_into_the_master_of_the_lease()
    {
        var key = await CreateAsync("kept");
        await _former.AskAsync("SET", "another", "application");
        await SucceedAsync();
        var outcome = Assert.IsType<MergeOutcome.Merged>(await MergeAsync(_tenure, away: TimeSpan.Zero));
        Assert.Equal((1, 1, 0), (outcome.Counts.Written, outcome.Counts.Foreign, outcome.Confirmed));
        Assert.Equal("kept", await ReadAsync(key));
        Assert.Equal(0, _counts.All[0].Written); // Foreign keys are named before anything is written.
        Assert.Contains("another", _counts.All[0].ForeignNames);
        Assert.Equal(0, Assert.IsType<MergeOutcome.Merged>(await MergeAsync(_tenure, TimeSpan.Zero)).Counts.Written);
    }

    [Fact]
    public async Task Merge_under_another_lease_than_the_masters_writes_nothing()
    {
        var key = await CreateAsync("kept");
        await SucceedAsync();
        var other = new Tenure(_tenure.RunId, _tenure.Epoch + 1);
        Assert.IsType<MergeOutcome.Failed>(await MergeAsync(other, away: TimeSpan.Zero));
        Assert.Null(await ReadAsync(key));
    }

    [Fact]
    public async Task Records_that_cannot_be_merged_are_counted_for_the_operator()
    {
        var key = await CreateAsync("damaged");
        await _former.AskAsync("HSET", $"{ClosedRedis.Prefix}:1:{{{key}}}", "m", "nonsense");
        await CreateAsync("kept");
        await SucceedAsync();
        var outcome = Assert.IsType<MergeOutcome.Merged>(await MergeAsync(_tenure, away: TimeSpan.Zero));
        Assert.Equal((1, 1), (outcome.Counts.Written, outcome.Counts.LeftOut));
    }

    [Fact]
    public async Task Session_of_a_member_that_was_away_for_longer_than_sessions_live_does_not_come_back()
    {
        var key = await CreateAsync("old");
        await SucceedAsync();
        Assert.IsType<MergeOutcome.Merged>(await MergeAsync(_tenure, away: TimeSpan.FromHours(1)));
        Assert.Null(await ReadAsync(key));
    }

    [Fact]
    public async Task Files_are_copied_aside_and_those_of_the_merge_before_are_removed()
    {
        await CreateAsync("kept");
        await _former.Control.CloseAsync(default);
        await _former.Control.SetAsideAsync(2, default);
        await _former.Control.SetAsideAsync(3, default);
        var files = Directory.GetFiles(_former.Server.WorkingDirectory, "set-aside-*").Select(Path.GetFileName);
        Assert.Equal([SetAside.NameOf(3)], files);
        Assert.True(new FileInfo(Path.Combine(_former.Server.WorkingDirectory, SetAside.NameOf(3))).Length > 0);
    }

    /// <summary>The former master closes, and the next one opens.</summary>
    private async Task SucceedAsync()
    {
        await _former.Control.CloseAsync(default);
        _tenure = await _master.OpenAsync(epoch: 2);
    }

    private async Task<MergeOutcome> MergeAsync(Tenure tenure, TimeSpan away) =>
        await _former.Control.MergeAsync(
            _master.Member,
            tenure,
            new MergeTerms(ClosedRedis.In(-away), Replicas: 0),
            _counts,
            default
        );

    private async Task<SessionKey> CreateAsync(string value)
    {
        await using var store = await StoreAsync(_former);
        var (key, version, delta) = (SessionKeys.New(), _versions.Next(), new SessionDelta());
        delta.Set("name", Encoding.UTF8.GetBytes(value));
        var record = delta.ApplyTo(SessionRecord.New(DateTimeOffset.FromUnixTimeMilliseconds(1000)), version, 0);
        var merge = new SessionMerge(record, version, MergeMode.Create, TimeSpan.FromMinutes(22), PreviousStamp: 0);
        Assert.Equal(WriteOutcome.Committed, (await store.MergeAsync(key, merge, default)).Outcome);
        return key;
    }

    private async Task<string?> ReadAsync(SessionKey key)
    {
        await using var store = await StoreAsync(_master);
        var read = await store.ReadAsync(key, SessionVersion.None, default);
        if (read.Record is { } record)
        {
            foreach (var attribute in record)
            {
                return Encoding.UTF8.GetString(attribute.Payload);
            }
        }

        return null;
    }

    private static async Task<RedisSessionStore> StoreAsync(ClosedRedis redis)
    {
        var options = new RedisOptions
        {
            User = ClosedRedis.Start.ApplicationUser,
            Password = ClosedRedis.Start.ApplicationPassword,
        };
        options.Endpoints.Add(new RedisEndpoint(redis.Server.Host, redis.Server.Port));
        var store = new RedisSessionStore(
            options,
            ClosedRedis.Prefix,
            TimeSpan.FromSeconds(30),
            TimeProvider.System,
            new Random(7),
            NullLogger<RedisSessionStore>.Instance
        );
        await store.StartAsync(new RecordingObserver(), default);
        return store;
    }

    private sealed class Counts : IProgress<MemberMergeCounts>
    {
        public List<MemberMergeCounts> All { get; } = [];

        public void Report(MemberMergeCounts value) => All.Add(value);
    }
}
