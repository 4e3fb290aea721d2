using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.Tests.Stores.ThirdParty;

/// <summary>What the same store answers where it cannot do what it was asked.</summary>
public sealed class PlainStoreFailureTests
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    private readonly CasServer _server = new(TimeProvider.System);
    private readonly VersionSource _versions = new();
    private readonly SessionKey _key = SessionKeys.New();

    [Fact]
    public async Task Record_that_was_copied_to_another_key_is_damaged_for_every_operation()
    {
        await using var store = Store();
        await CreateAsync(store);
        var (other, stored) = (SessionKeys.New(), await _server.GetAsync("s" + _key));
        Assert.True(await _server.PutAsync("s" + other, stored.Value!, 0, Life));

        var end = new SessionEnd(_versions.Next());
        Assert.Equal(StoreFailure.Damaged, (await store.ReadAsync(other, SessionVersion.None, default)).Failure);
        Assert.Equal(StoreFailure.Damaged, (await store.TouchAsync(other, Life, Life, default)).Failure);
        Assert.Equal(StoreFailure.Damaged, (await store.DestroyAsync(other, end, Life, default)).Failure);
    }

    [Fact]
    public async Task Operation_whose_deadline_is_over_is_unreachable_and_changes_nothing()
    {
        await using var store = Store();
        await CreateAsync(store);
        var over = new StoreDeadline(TimeProvider.System, TimeSpan.Zero);
        var ended = await store.DestroyAsync(_key, new SessionEnd(_versions.Next()), Life, over);
        Assert.Equal((WriteOutcome.Unavailable, StoreFailure.Unreachable), (ended.Outcome, ended.Failure));
        Assert.Equal(StoreReadOutcome.Found, (await store.ReadAsync(_key, SessionVersion.None, default)).Outcome);
    }

    private PlainStore Store() =>
        new([_server], new PlainChannel([], 1), TimeProvider.System, TimeSpan.FromSeconds(30), TimeSpan.Zero);

    private async Task CreateAsync(PlainStore store)
    {
        var version = _versions.Next();
        var record = RecordSketch.At(version).With("a", "1", version).Build();
        var copy = new SessionMerge(record, version, MergeMode.Create, Life);
        Assert.Equal(WriteOutcome.Committed, (await store.MergeAsync(_key, copy, default)).Outcome);
    }
}
