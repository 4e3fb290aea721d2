using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.TestKit.Conformance;

public abstract partial class SessionStoreConformance
{
    [Fact]
    public async Task Commit_changes_what_it_names_and_nothing_else()
    {
        var first = await CreateAsync();
        var second = await CommittedAsync(A, first, Setting("b", "2"));
        var third = await CommittedAsync(B, second, Setting("a", "3"));
        await AssertStoredAsync(
            RecordSketch.At(third, second, first).With("a", "3", third).With("b", "2", second).Build()
        );
    }

    [Fact]
    public async Task Commit_on_an_old_base_merges_and_tells_what_it_was_applied_to()
    {
        var first = await CreateAsync();
        var second = await CommittedAsync(B, first, Setting("b", "2"));
        var third = Versions.Next();
        var answer = await CommitAsync(A, first, third, Setting("c", "3"));
        Assert.Equal((WriteOutcome.Committed, second), (answer.Outcome, answer.Previous));
        await AssertStoredAsync(
            RecordSketch
                .At(third, second, first)
                .With("a", "1", first)
                .With("b", "2", second)
                .With("c", "3", third)
                .Build()
        );
    }

    [Fact]
    public async Task Commit_whose_version_is_not_newer_is_superseded_and_changes_nothing()
    {
        var old = Versions.Next();
        var first = await CreateAsync();
        var answer = await CommitAsync(A, first, old, Setting("a", "old"));
        Assert.Equal((WriteOutcome.Superseded, first), (answer.Outcome, answer.Previous));
        Assert.False(answer.Lease.IsCurrent);
        var sameStamp = new SessionVersion(first.Stamp, first.Writer + 1);
        Assert.Equal(WriteOutcome.Superseded, (await CommitAsync(A, first, sameStamp, Setting("a", "same"))).Outcome);
        await AssertStoredAsync(RecordSketch.At(first).With("a", "1", first).Build());
    }

    [Fact]
    public async Task Commit_for_its_base_alone_is_superseded_where_others_have_followed_it()
    {
        var first = await CreateAsync();
        var second = Versions.Next();
        Assert.Equal((WriteOutcome.Committed, first), await CommitOnlyOnBaseAsync(first, second, "2"));
        // Its answer was lost.
        Assert.Equal((WriteOutcome.Committed, first), await CommitOnlyOnBaseAsync(first, second, "2"));

        Assert.Equal((WriteOutcome.Superseded, second), await CommitOnlyOnBaseAsync(first, Versions.Next(), "3"));
        await AssertStoredAsync(RecordSketch.At(second, first).With("a", "2", second).Build());

        async Task<(WriteOutcome, SessionVersion)> CommitOnlyOnBaseAsync(
            SessionVersion on,
            SessionVersion version,
            string value
        )
        {
            var answer = await A.CommitAsync(
                Key,
                new SessionChange(on, version, Setting("a", value), NothingForgotten, Long, Long, MustBeBase: true),
                default
            );
            return (answer.Outcome, answer.Previous);
        }
    }

    [Fact]
    public async Task Commits_that_together_would_make_the_session_too_large_are_refused_and_change_nothing()
    {
        const int Most = 200_000;
        var first = await CreateAsync();
        var last = first;
        var large = 0;
        while (true)
        {
            var version = Versions.Next();
            var answer = await SetAsync(first, version, $"large{large}", 66_000, Most); // As requests at once do.
            if (answer.Outcome != WriteOutcome.Committed)
            {
                Assert.Equal((WriteOutcome.Unavailable, StoreFailure.TooLarge), (answer.Outcome, answer.Failure));
                break;
            }

            (last, large) = (version, large + 1);
        }

        Assert.Equal(3, large);
        var stored = await B.ReadAsync(Key, SessionVersion.None, default);
        Assert.Equal((last, 4), (stored.Record!.Version, stored.Record.AttributeCount));

        // One in the place of another does not make it larger, also where the limit was lowered
        // since.
        Assert.Equal(
            WriteOutcome.Committed,
            (await SetAsync(last, Versions.Next(), "large0", 66_000, Most / 2)).Outcome
        );

        // What was removed does not count.
        var removal = new SessionDelta();
        removal.Remove("large1");
        var removed = Versions.Next();
        Assert.Equal(WriteOutcome.Committed, (await CommitAsync(A, last, removed, removal)).Outcome);
        Assert.Equal(
            WriteOutcome.Committed,
            (await SetAsync(removed, Versions.Next(), "large3", 66_000, Most)).Outcome
        );

        ValueTask<StoreWrite> SetAsync(SessionVersion on, SessionVersion version, string name, int bytes, long most)
        {
            var delta = new SessionDelta();
            delta.Set(name, new byte[bytes]);
            return A.CommitAsync(
                Key,
                new SessionChange(on, version, delta, NothingForgotten, Long, Long, MaxBytes: most),
                default
            );
        }
    }

    [Fact]
    public async Task Commit_to_a_missing_session_learns_it_and_stores_nothing()
    {
        var answer = await CommitAsync(A, Versions.Next(), Versions.Next(), Setting("a", "1"));
        Assert.Equal((WriteOutcome.Missing, SessionVersion.None), (answer.Outcome, answer.Previous));
        Assert.Equal(StoreReadOutcome.Missing, await OutcomeAsync(B));
    }

    [Fact]
    public async Task Commit_to_a_destroyed_session_learns_it_and_stores_nothing()
    {
        var first = await CreateAsync();
        await B.DestroyAsync(Key, new SessionEnd(Versions.Next()), Long, default);
        Assert.Equal(WriteOutcome.Destroyed, (await CommitAsync(A, first, Versions.Next(), Setting("a", "2"))).Outcome);
        Assert.Equal(StoreReadOutcome.Destroyed, await OutcomeAsync(A));
    }

    [Fact]
    public async Task Repeated_commit_changes_nothing_and_answers_as_the_first()
    {
        var first = await CreateAsync();
        var second = await CommittedAsync(A, first, Setting("b", "2"));
        var again = await CommitAsync(B, first, second, Setting("b", "2"));
        Assert.Equal((WriteOutcome.Committed, first), (again.Outcome, again.Previous));
        await AssertStoredAsync(RecordSketch.At(second, first).With("a", "1", first).With("b", "2", second).Build());
    }

    [Fact]
    public async Task Repeated_commit_does_not_overwrite_what_came_after_it()
    {
        var first = await CreateAsync();
        var second = await CommittedAsync(A, first, Setting("b", "2"));
        var third = await CommittedAsync(B, second, Setting("b", "3"));
        Assert.Equal(WriteOutcome.Committed, (await CommitAsync(A, first, second, Setting("b", "2"))).Outcome);
        await AssertStoredAsync(
            RecordSketch.At(third, second, first).With("a", "1", first).With("b", "3", third).Build()
        );
    }

    /// <summary>
    /// Base and change make the stored record only if the commit is the newest: else its copy would
    /// miss what came after.
    /// </summary>
    [Fact]
    public async Task Repeated_commit_that_others_have_overtaken_does_not_let_its_copy_pass_for_the_stored_one()
    {
        var first = await CreateAsync();
        var second = await CommittedAsync(A, first, Setting("b", "2"));
        await CommittedAsync(B, second, Setting("c", "3"));
        var again = await CommitAsync(A, first, second, Setting("b", "2"));
        Assert.True(again.Previous != first || !again.Lease.IsCurrent);
    }

    [Fact]
    public async Task Commit_is_still_recognised_as_repeated_after_seven_others()
    {
        var first = await CreateAsync();
        var second = await CommittedAsync(A, first, Setting("b", "2"));
        var last = second;
        for (var i = 0; i < 7; i++)
        {
            var next = Versions.Next();
            var change = new SessionChange(
                last,
                next,
                Setting("b", "later" + i),
                NothingForgotten,
                Long,
                Long,
                PreviousStamp: last.Stamp
            );
            Assert.Equal(WriteOutcome.Committed, (await B.CommitAsync(Key, change, default)).Outcome);
            last = next;
        }

        Assert.Equal(WriteOutcome.Committed, (await CommitAsync(A, first, second, Setting("b", "2"))).Outcome);
        var record = await ReadAsync(A);
        Assert.Equal("later6", Value(record, "b"));
        Assert.Equal(last, record.Version);
        Assert.True(record.Contains(second));
    }

    [Fact]
    public async Task Commits_of_one_node_do_not_hide_that_another_ones_is_missing()
    {
        const int Sending = 1,
            CutOff = 2;
        var last = await CreateAsync();
        var sentBefore = 0L;
        var earlier = new SessionVersion(Versions.Next().Stamp, CutOff);
        await CommitAsync(A, last, earlier, Setting("cut off", "sent"));
        last = earlier;
        var unsent = new SessionVersion(Versions.Next().Stamp, CutOff);
        var first = new SessionVersion(Versions.Next().Stamp, Sending);
        for (var i = 0; i < 24; i++)
        {
            var next = i == 0 ? first : new SessionVersion(Versions.Next().Stamp, Sending);
            var change = new SessionChange(
                last,
                next,
                Setting("sending", "later" + i),
                NothingForgotten,
                Long,
                Long,
                PreviousStamp: sentBefore
            );
            Assert.Equal(WriteOutcome.Committed, (await B.CommitAsync(Key, change, default)).Outcome);
            (last, sentBefore) = (next, next.Stamp);
        }

        var stored = await ReadAsync(A);
        Assert.All([earlier, first, last], version => Assert.True(stored.Contains(version)));
        Assert.False(stored.Contains(unsent));
    }

    [Fact]
    public async Task Stamps_that_a_store_has_refused_leave_no_gap_where_the_next_change_says_so()
    {
        var created = await CreateAsync();
        var (refused, beside, third, last) = (Versions.Next(), Versions.Next(), Versions.Next(), Versions.Next());
        var change = new SessionChange(
            created,
            beside,
            Setting("b", "2"),
            NothingForgotten,
            Long,
            Long,
            PreviousStamp: refused.Stamp
        );
        Assert.Equal(WriteOutcome.Committed, (await A.CommitAsync(Key, change, default)).Outcome);
        Assert.Equal(40, (await ReadAsync(A)).Intervals.Length);

        var nothing = RecordSketch.At([refused]).Build().Intervals.ToArray();
        nothing.AsSpan(0, 7).Clear(); // From the beginning on.
        var next = change with
        {
            Base = beside,
            Version = third,
            Delta = Setting("b", "3"),
            PreviousStamp = beside.Stamp,
            UnusedStamps = nothing,
        };
        var answer = await A.CommitAsync(Key, next, default);
        Assert.Equal((WriteOutcome.Committed, beside), (answer.Outcome, answer.Previous));
        var record = await ReadAsync(A);
        Assert.Equal((20, "3", third), (record.Intervals.Length, Value(record, "b"), record.Version));

        var lost = new SessionVersion(Versions.Next().Stamp, 77);
        nothing = RecordSketch.At([lost]).Build().Intervals.ToArray();
        var copy = new SessionMerge(
            new SessionDelta().ApplyTo(record, new SessionVersion(lost.Stamp + 2, 77), lost.Stamp),
            last,
            MergeMode.Restore,
            Long,
            PreviousStamp: third.Stamp,
            UnusedStamps: nothing
        );
        Assert.Equal(WriteOutcome.Committed, (await A.MergeAsync(Key, copy, default)).Outcome);
        Assert.True((await ReadAsync(A)).Contains(lost));
    }

    /// <summary>
    /// The next commit of the same writer, made on what a failover had lost, must not hide the
    /// loss.
    /// </summary>
    [Fact]
    public async Task Commit_after_one_that_was_lost_does_not_say_that_the_lost_one_is_there()
    {
        var first = await CreateAsync();
        var (lost, next) = (Versions.Next(), Versions.Next());
        var change = new SessionChange(
            lost,
            next,
            Setting("b", "2"),
            NothingForgotten,
            Long,
            Long,
            PreviousStamp: lost.Stamp
        );
        var answer = await A.CommitAsync(Key, change, default);
        Assert.Equal((WriteOutcome.Committed, true), (answer.Outcome, answer.IsBaseMissing));
        var stored = await ReadAsync(B);
        Assert.Equal((true, true, false), (stored.Contains(first), stored.Contains(next), stored.Contains(lost)));
    }

    [Fact]
    public async Task Tombstone_names_the_version_that_was_removed()
    {
        var first = await CreateAsync();
        var opened = await ReadAsync(A);
        var second = Versions.Next();
        await A.CommitAsync(
            Key,
            new SessionChange(first, second, Removing("a"), NothingForgotten, Long, Long, Opened: opened),
            default
        );
        Assert.True((await ReadAsync(B)).TryFind("a", out var tombstone));
        Assert.True(SessionVersion.TryRead(tombstone.Payload, out var removed));
        Assert.Equal((false, second, first), (tombstone.Exists, tombstone.Version, removed));
    }

    [Fact]
    public async Task Value_whose_tombstone_was_dropped_does_not_come_back()
    {
        var first = await CreateAsync();
        var old = await ReadAsync(A);
        var second = Versions.Next();
        await A.CommitAsync(
            Key,
            new SessionChange(first, second, Removing("a"), NothingForgotten, Long, Long, Opened: old),
            default
        );
        await CommitAsync(A, second, Versions.Next(), Setting("b", "2"), forgotten: "a");
        var left = await ReadAsync(B);
        Assert.False(left.TryFind("a", out _));
        Assert.Equal(WriteOutcome.Unchanged, (await MergeAsync(B, old, Versions.Next())).Outcome);
        Assert.Equal(RecordText.Of(left), RecordText.Of(await ReadAsync(A)));
    }

    [Fact]
    public async Task Commits_of_many_writers_are_all_recognised()
    {
        var last = await CreateAsync();
        var commits = new List<SessionVersion>();
        for (var i = 0; i < 200; i++)
        {
            var writer = 1 + (i % 100);
            var before = commits.LastOrDefault(version => version.Writer == writer);
            var next = new SessionVersion(Versions.Next().Stamp, writer);
            var change = new SessionChange(
                last,
                next,
                Setting("b", "later" + i),
                NothingForgotten,
                Long,
                Long,
                PreviousStamp: before.Stamp
            );
            Assert.Equal(WriteOutcome.Committed, (await A.CommitAsync(Key, change, default)).Outcome);
            commits.Add(last = next);
        }

        var stored = await ReadAsync(B);
        Assert.All(commits, version => Assert.True(stored.Contains(version)));
        Assert.InRange(stored.Intervals.Length, 100 * 20, 101 * 20);
    }

    [Fact]
    public async Task Removed_attribute_leaves_a_tombstone()
    {
        var first = await CreateAsync();
        var second = await CommittedAsync(A, first, Removing("a"));
        await AssertStoredAsync(RecordSketch.At(second, first).Without("a", second).Build());
    }

    [Fact]
    public async Task Removed_attribute_can_be_set_again()
    {
        var first = await CreateAsync();
        var second = await CommittedAsync(A, first, Removing("a"));
        var third = await CommittedAsync(B, second, Setting("a", "back"));
        await AssertStoredAsync(RecordSketch.At(third, second, first).With("a", "back", third).Build());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Forgotten_tombstone_is_dropped_where_what_it_removed_is_contained(bool isKnown)
    {
        var first = await CreateAsync();
        var opened = isKnown ? await ReadAsync(A) : null;
        var second = Versions.Next();
        await A.CommitAsync(
            Key,
            new SessionChange(first, second, Removing("a"), NothingForgotten, Long, Long, Opened: opened),
            default
        );
        var third = Versions.Next();
        await CommitAsync(A, second, third, Setting("b", "2"), forgotten: ["a", "never-there"]);
        var expected = RecordSketch.At(third, second, first).With("b", "2", third);
        await AssertStoredAsync((isKnown ? expected.Dropped() : expected.Without("a", second)).Build());
    }

    [Fact]
    public async Task Forgotten_name_that_the_same_commit_sets_stays()
    {
        var first = await CreateAsync();
        var second = await CommittedAsync(A, first, Removing("a"));
        var third = Versions.Next();
        await CommitAsync(A, second, third, Setting("a", "back"), forgotten: "a");
        await AssertStoredAsync(RecordSketch.At(third, second, first).With("a", "back", third).Build());
    }

    [Fact]
    public async Task Forgotten_name_that_somebody_set_meanwhile_stays()
    {
        var first = await CreateAsync();
        var second = await CommittedAsync(A, first, Removing("a"));
        var third = await CommittedAsync(B, second, Setting("a", "back"));
        var fourth = Versions.Next();
        await CommitAsync(A, second, fourth, Setting("b", "2"), forgotten: "a");
        await AssertStoredAsync(
            RecordSketch.At(fourth, third, second, first).With("a", "back", third).With("b", "2", fourth).Build()
        );
    }

    [Fact]
    public async Task Forgotten_name_that_somebody_set_and_removed_meanwhile_keeps_its_new_tombstone()
    {
        var first = await CreateAsync();
        var second = await CommittedAsync(A, first, Removing("a"));
        var third = await CommittedAsync(B, second, Setting("a", "back"));
        var fourth = await CommittedAsync(B, third, Removing("a"));
        var fifth = Versions.Next();
        await CommitAsync(A, second, fifth, Setting("b", "2"), forgotten: "a");
        await AssertStoredAsync(
            RecordSketch.At(fifth, fourth, third, second, first).Without("a", fourth).With("b", "2", fifth).Build()
        );
    }

    [Fact]
    public async Task Commit_of_nothing_is_a_commit()
    {
        var first = await CreateAsync();
        var second = await CommittedAsync(A, first, new SessionDelta());
        await AssertStoredAsync(RecordSketch.At(second, first).With("a", "1", first).Build());
    }

    [Fact]
    public async Task Largest_versions_are_told_apart()
    {
        var before = new SessionVersion(SessionVersion.MaxStamp - 1, SessionVersion.MaxWriter);
        var last = new SessionVersion(SessionVersion.MaxStamp, 1);
        await CreateAsync(RecordSketch.At(before).With("a", "1", before).Build());
        Assert.Equal(
            WriteOutcome.Superseded,
            (
                await CommitAsync(A, before, new SessionVersion(SessionVersion.MaxStamp - 1, 1), Setting("a", "x"))
            ).Outcome
        );
        Assert.Equal(before, (await CommitAsync(A, before, last, Setting("a", "2"))).Previous);
        await AssertStoredAsync(RecordSketch.At(last, before).With("a", "2", last).Build());
    }

    [Fact]
    public async Task Commits_of_two_nodes_at_once_all_survive()
    {
        const int EachMakes = 50;
        var first = await CreateAsync();
        await Task.WhenAll(
            Enumerable.Range(0, 2 * EachMakes).Select(i => Task.Run(() => PutAsync(i % 2 == 0 ? A : B, i)))
        );
        var record = await ReadAsync(A);
        Assert.All(Enumerable.Range(0, 2 * EachMakes), i => Assert.Equal("v" + i, Value(record, "n" + i)));

        async Task PutAsync(IClusterSessionStore store, int i)
        {
            while (
                (await CommitAsync(store, first, Versions.Next(), Setting("n" + i, "v" + i))).Outcome
                    is var outcome
                        and not WriteOutcome.Committed
            )
            {
                Assert.Equal(WriteOutcome.Superseded, outcome);
            }
        }
    }
}
