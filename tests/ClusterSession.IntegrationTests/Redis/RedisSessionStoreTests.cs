using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

public sealed class RedisSessionStoreTests : SessionStoreConformance
{
    private static readonly TimeSpan HalfLong = Long / 2;

    [Fact]
    public async Task Touch_of_a_session_that_lives_long_enough_makes_nobody_read_it_anew()
    {
        var version = await CreateAsync();
        Assert.True((await A.ReadAsync(Key, SessionVersion.None, default)).Lease.IsCurrent);
        Assert.Equal(StoreTouch.Kept(version), await B.TouchAsync(Key, Long, HalfLong, default));
        // Whatever A has been told came before this answer.
        Assert.Equal(StoreTouch.Kept(version), await A.TouchAsync(Key, Long, HalfLong, default));
        Assert.False(ToldA.WasTold(Key));
        await B.TouchAsync(Key, Long, Long, default);
        await Condition.HoldsAsync(() => ToldA.WasTold(Key), "the other node is notified of a touch that prolonged it");
    }

    [Fact]
    public async Task Commit_that_prolongs_nothing_still_notifies_the_others_and_hears_of_theirs()
    {
        var first = await CreateAsync();
        await B.ReadAsync(Key, SessionVersion.None, default);
        var second = Versions.Next();
        await A.CommitAsync(Key, new SessionChange(first, second, Setting("a", "2"), [], Long, HalfLong), default);
        await Condition.HoldsAsync(() => ToldB.WasTold(Key), "the other node is notified of the commit");
        await B.CommitAsync(
            Key,
            new SessionChange(second, Versions.Next(), Setting("a", "3"), [], Long, HalfLong),
            default
        );
        await Condition.HoldsAsync(
            () => ToldA.WasTold(Key),
            "the node that committed before is notified of the next commit"
        );
    }

    [Fact]
    public async Task Repeated_creation_is_a_write_too_for_replicas_to_confirm()
    {
        var version = Versions.Next();
        var record = RecordSketch.At(version).With("a", "1", version).Build();
        await CreateAsync(record);
        await B.ReadAsync(Key, SessionVersion.None, default);

        Assert.Equal(WriteOutcome.Unchanged, (await MergeAsync(A, record, version, MergeMode.Create)).Outcome);

        await Condition.HoldsAsync(() => ToldB.WasTold(Key), "a node that had read it is notified of a write");
    }

    protected override Task<StorePair> CreatePairAsync() => RedisPair.CreateAsync();
}
