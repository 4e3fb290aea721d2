using ClusterSession.Sessions;
using ClusterSession.Sessions.Recovery;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using ClusterSession.Tests.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Sessions.Recovery;

public sealed class CommitJournalTests : NodeTests
{
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    [Fact]
    public async Task Commit_older_than_what_another_request_had_opened_is_sent_as_well()
    {
        // Three requests at once: 2 arrived, 3 opened what it made, 1 did not arrive, and is kept after 3.
        SessionVersion first = new(1, 1), lost = new(2, 1), arrived = new(3, 1), last = new(4, 1);
        var node = await StartAsync();
        var journal = node.Services.GetRequiredService<CommitJournal>();
        var key = SessionKeys.New();
        var opened = RecordSketch.At(first).With("a", "1", first).Build();
        var stored = RecordSketch.At(arrived, first).With("a", "1", first).With("b", "2", arrived).Build();
        await Store.MergeAsync(key, new SessionCopy(stored, arrived, SessionCopyMode.Create, Long), default);
        Assert.NotNull(journal.Append(key, stored, isWhole: true, Setting("d"), last, StoreFailure.Unknown));
        Assert.NotNull(journal.Append(key, opened, isWhole: true, Setting("c"), lost, StoreFailure.Unknown));
        Assert.True(await journal.SendAsync(key));
        var read = await Store.ReadAsync(key, SessionVersion.None, default);
        Assert.All(["a", "b", "c", "d"], name => Assert.True(read.Record!.TryFind(name, out _), name));
    }

    private static SessionDelta Setting(string name)
    {
        var delta = new SessionDelta();
        delta.Set(name, [1]);
        return delta;
    }
}
