using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Stores;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Sessions;
using ClusterSession.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Local;

public sealed class CommitJournalTests : NodeTests
{
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    [Fact]
    public async Task Commit_older_than_what_another_request_had_opened_is_sent_as_well()
    {
        // Three requests at once: 2 arrived, 3 opened what it made, 1 did not arrive, and is kept
        // after 3.
        SessionVersion first = new(1, 1),
            lost = new(2, 1),
            arrived = new(3, 1),
            last = new(4, 1);
        var node = await StartAsync();
        var journal = node.Services.GetRequiredService<CommitJournal>();
        var key = SessionKeys.New();
        var opened = RecordSketch.At(first).With("a", "1", first).Build();
        var stored = RecordSketch.At(arrived, first).With("a", "1", first).With("b", "2", arrived).Build();
        await Store.MergeAsync(key, new SessionMerge(stored, arrived, MergeMode.Create, Long), default);
        Assert.NotNull(journal.Append(key, stored, isComplete: true, Setting("d"), Issued(last), StoreFailure.Unknown));
        Assert.NotNull(journal.Append(key, opened, isComplete: true, Setting("c"), Issued(lost), StoreFailure.Unknown));
        Assert.True(await SendAsync(node, key));
        var read = await Store.ReadAsync(key, SessionVersion.None, default);
        Assert.All(["a", "b", "c", "d"], name => Assert.True(read.Record!.TryFind(name, out _), name));
    }

    [Fact]
    public async Task Commit_that_was_never_sent_is_in_the_store_as_it_is_in_the_local_copy()
    {
        var (node, journal, key, first) = await StartWithSessionAsync();
        var kept = journal.Append(key, first, isComplete: true, Setting("b"), Issued(new(2, 1)), StoreFailure.None)!;
        Assert.True(await SendAsync(node, key));

        Assert.Equal(
            RecordText.Of(kept),
            RecordText.Of((await Store.ReadAsync(key, SessionVersion.None, default)).Record!)
        );
        Assert.Same(
            kept,
            node.Services.GetRequiredService<LocalCopies>().TryGet(key, out var copy) ? copy.Record : null
        );
    }

    [Fact]
    public async Task Commit_that_was_never_sent_is_merged_with_what_others_have_committed_meanwhile()
    {
        var (node, journal, key, first) = await StartWithSessionAsync();
        var kept = journal.Append(key, first, isComplete: true, Setting("b"), Issued(new(2, 1)), StoreFailure.None)!;
        await Store.CommitAsync(
            key,
            new SessionChange(first.Version, new(3, 2), Setting("c"), [], Long, Long),
            default
        );
        Assert.True(await SendAsync(node, key));

        var stored = (await Store.ReadAsync(key, SessionVersion.None, default)).Record!;
        Assert.All(["a", "b", "c"], name => Assert.True(stored.TryFind(name, out _), name));
        Assert.True(stored.Contains(kept.Version), "a client that has seen the commit here finds it there");
        Assert.NotEqual(kept.Version, stored.Version);
        Assert.False(
            node.Services.GetRequiredService<LocalCopies>().TryGet(key, out var copy)
                && ReferenceEquals(copy.Record, kept)
                && copy.IsCurrent,
            "the copy lacks what others committed"
        );
    }

    /// <summary>
    /// Of requests at once, the one that was given its version first may be kept last.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Commit_that_is_kept_after_a_newer_one_makes_another_state_and_is_sent_as_well(
        bool isNewerSentBefore
    )
    {
        var (node, journal, key, first) = await StartWithSessionAsync();
        var newer = journal.Append(key, first, isComplete: true, Setting("b"), Issued(new(3, 1)), StoreFailure.None)!;
        if (isNewerSentBefore)
        {
            Assert.True(await SendAsync(node, key));
        }

        var both = journal.Append(key, first, isComplete: true, Setting("c"), Issued(new(2, 1)), StoreFailure.None)!;
        Assert.True(both.Version > newer.Version, "two states never have one version");
        Assert.True(await SendAsync(node, key));
        var stored = (await Store.ReadAsync(key, SessionVersion.None, default)).Record!;
        Assert.All(["a", "b", "c"], name => Assert.True(stored.TryFind(name, out _), name));
        Assert.True(stored.Contains(both.Version), "a client that has seen the commit here finds it there");
    }

    private async Task<(
        TestNode Node,
        CommitJournal Journal,
        SessionKey Key,
        SessionRecord First
    )> StartWithSessionAsync()
    {
        var node = await StartAsync();
        var (key, first) = (SessionKeys.New(), new SessionVersion(1, 1));
        var record = RecordSketch.At(first).With("a", "1", first).Build();
        await Store.MergeAsync(key, new SessionMerge(record, first, MergeMode.Create, Long), default);
        return (node, node.Services.GetRequiredService<CommitJournal>(), key, record);
    }

    private static Task<bool> SendAsync(TestNode node, SessionKey key) =>
        node.Services.GetRequiredService<JournalSender>().SendAsync(key).AsTask();

    private static IssuedVersion Issued(SessionVersion version) => new(version, -1);

    private static SessionDelta Setting(string name)
    {
        var delta = new SessionDelta();
        delta.Set(name, [1]);
        return delta;
    }
}
