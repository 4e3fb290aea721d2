using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Stores;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Sessions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Damage;

/// <summary>
/// What the store answers of a damaged record, and what an idle node does about it.
/// </summary>
public sealed class DamagedKeyTests : IAsyncLifetime
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private RedisServer _redis = null!;

    public static TheoryData<int, string> Kinds()
    {
        var kinds = new TheoryData<int, string>();
        for (var i = 0; i < RecordDamage.Kinds.Count; i++)
        {
            kinds.Add(i, RecordDamage.Kinds[i].Name);
        }

        return kinds;
    }

    public async ValueTask InitializeAsync() => _redis = await RedisServer.StartAsync();

    public async ValueTask DisposeAsync() => await _redis.DisposeAsync();

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Whatever_is_under_a_key_is_an_answer_of_that_session_alone_and_can_be_ended(int kind, string name)
    {
        await using var store = RedisNode.Store(_redis.ConnectionString + ",asyncTimeout=30000,heartbeatTimeout=30000");
        await store.StartAsync(new RecordingObserver(), default);
        var versions = new VersionSource();
        for (var seed = 0; seed < 5; seed++)
        {
            var (key, record) = await CreateAsync(store, versions);
            var (other, _) = await CreateAsync(store, versions);
            Assert.True(await RecordDamage.DoAsync(_redis, kind, seed, key.ToString(), other.ToString()), name);

            var delta = new SessionDelta();
            delta.Set("a", [2]);
            var change = new SessionChange(record.Version, versions.Next(), delta, [], Life, Life);
            var copy = new SessionMerge(record, versions.Next(), MergeMode.Restore, Life);
            StoreFailure[] failures =
            [
                (await store.ReadAsync(key, SessionVersion.None, default)).Failure,
                (await store.TouchAsync(key, Life, Life, default)).Failure,
                (await store.CommitAsync(key, change, default)).Failure,
                (await store.MergeAsync(key, copy, default)).Failure,
                (await store.ReadAsync(key, SessionVersion.None, default)).Failure,
            ];
            Assert.All(failures, failure =>
                Assert.True(failure is StoreFailure.None or StoreFailure.Damaged, $"{name}: {failure}")
            );

            await store.DestroyAsync(key, new SessionEnd(versions.Next()), Life, default);
            Assert.Equal(
                StoreReadOutcome.Destroyed,
                (await store.ReadAsync(key, SessionVersion.None, default)).Outcome
            );
        }
    }

    [Fact]
    public async Task Replay_follows_an_end_that_leads_to_itself_or_in_a_circle_for_a_few_steps()
    {
        const int Sessions = 20;
        using var logs = new CapturedLogs();
        await using var node = await TestNode.StartAsync(
            RedisNode.Store(_redis.ConnectionString + ",asyncTimeout=30000,heartbeatTimeout=30000"),
            services: services => services.AddSingleton<ILoggerProvider>(logs)
        );
        var keys = new List<string>();
        for (var i = 0; i < Sessions; i++)
        {
            var browser = node.Browser();
            await browser.GetAsync("/set/color/red");
            Assert.True(SessionId.TryParse(browser.Id!, out var id));
            keys.Add(SessionKey.Of(id).ToString());
        }

        for (var i = 0; i < Sessions; i += 2)
        {
            var kind = i % 4 == 0 ? "end that leads to itself" : "end that leads to another end and back";
            Assert.True(await RecordDamage.DoAsync(_redis, KindOf(kind), i, keys[i], keys[i + 1]));
        }

        await _redis.CommandAsync("SAVE");
        await _redis.Kill9Async();
        await _redis.StartAgainAsync();

        await Condition.HoldsAsync(() => logs.Count("ReplayDone") > 0, "what the node has is replayed");
        var scripts = (await RedisCommands.CountAsync(_redis)).Total;
        Assert.InRange(scripts, 1, 40 * Sessions);
        Assert.Equal(0, logs.Count("StoreUnanswering"));
    }

    private static int KindOf(string name)
    {
        for (var i = 0; ; i++)
        {
            if (RecordDamage.Kinds[i].Name == name)
            {
                return i;
            }
        }
    }

    private static async Task<(SessionKey Key, SessionRecord Record)> CreateAsync(
        RedisSessionStore store,
        VersionSource versions
    )
    {
        var key = SessionKeys.New();
        var version = versions.Next();
        var record = RecordSketch.At(version).With("a", "1", version).Build();
        var created = await store.MergeAsync(key, new SessionMerge(record, version, MergeMode.Create, Life), default);
        Assert.Equal(WriteOutcome.Committed, created.Outcome);
        return (key, record);
    }
}
