using ClusterSession.Records;
using ClusterSession.Redis.Merging;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.Tests.Redis.Merging;

public sealed class MergePlanTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_000);
    private static readonly MergeBounds Bounds = new(
        TimeSpan.FromMinutes(5),
        TimeSpan.FromMinutes(20),
        TimeSpan.FromMinutes(40)
    );

    /// <summary>
    /// The four steps of a merge that passes something over: by offsets and by the newest version
    /// all is there.
    /// </summary>
    [Fact]
    public void Commit_that_only_the_source_has_is_found_below_sixteen_later_ones_of_the_target()
    {
        const long Writer = 7;
        var before = RecordSketch.At().Commit(new(90, Writer), 0);
        var source = before.Commit(new(100, Writer), 90).With("a", "v100", new(100, Writer)).Build();
        var later = RecordSketch.At().Commit(new(90, Writer), 0);
        for (var stamp = 110; stamp <= 260; stamp += 10)
        {
            later.Commit(new(stamp, Writer), stamp - 10); // The writer issued 100 before 110.
        }

        var target = later.With("b", "v260", new(260, Writer)).Build();
        Assert.True(target.Version > source.Version);
        var step = Decide(Entry(source), Entry(target));
        Assert.Equal(MergeAction.Merge, step.Action);
        var merged = Merge(target, source);
        Assert.True(merged.ContainsAllOf(source) && merged.TryFind("a", out _) && merged.TryFind("b", out _));
        Assert.Equal(MergeAction.Same, Decide(Entry(source), Entry(merged)).Action);
    }

    [Fact]
    public void Record_that_may_hold_more_than_it_claims_is_merged_unless_both_are_equal()
    {
        var record = RecordSketch.At().Commit(new(90, 7), 0).Build();
        var more = RecordSketch.At().Commit(new(90, 7), 0).Commit(new(95, 8), 0).Build();
        var (source, equal) = (Entry(record) with { ClaimsAll = false }, Entry(record) with { ClaimsAll = false });
        Assert.Equal(MergeAction.Merge, Decide(source, Entry(more)).Action);
        Assert.Equal(MergeAction.Same, Decide(source, equal).Action);
    }

    [Theory]
    [InlineData(10, 20, 0, MergeAction.Create, 10)] // what is left at the source
    [InlineData(20, 20, 0, MergeAction.Create, 15)] // it was in contact last five minutes ago
    [InlineData(14, 20, 4, MergeAction.Create, 10)] // the source's clock is four minutes behind
    [InlineData(14, 20, 14, MergeAction.SkipExpired, 0)]
    [InlineData(14, 20, 60, MergeAction.SkipExpired, 0)]
    [InlineData(14, 20, -60, MergeAction.Create, 14)] // an hour ahead: it prolongs nothing
    [InlineData(14, 5, 0, MergeAction.SkipExpired, 0)] // away as long as a session lives
    public void New_session_lives_no_longer_than_both_clocks_and_the_absence_allow(
        int left,
        int storeLife,
        int behind,
        object action,
        int expected
    )
    {
        var source = Entry(Session(1), left) with { Now = Now - TimeSpan.FromMinutes(behind) };
        var step = MergePlan.Decide(source, null, Now, Bounds with { StoreLife = TimeSpan.FromMinutes(storeLife) });
        Assert.Equal((MergeAction)action, step.Action);
        Assert.Equal(TimeSpan.FromMinutes(expected), step.Life > TimeSpan.Zero ? step.Life : TimeSpan.Zero);
    }

    [Fact]
    public void Login_of_weeks_is_bounded_by_its_own_end_and_not_by_the_life_of_sessions()
    {
        var login = RecordSketch.At(new SessionVersion(5, 1)).Flags(RecordExpiry.Flag).Build();
        var source = Entry(login) with { Life = TimeSpan.FromDays(14) };
        Assert.Equal(new MergeStep(MergeAction.Create, TimeSpan.FromDays(14)), Decide(source, null));
        var longAgo = Bounds with { Away = Bounds.TombstoneLife };
        Assert.Equal(MergeAction.SkipExpired, MergePlan.Decide(source, null, Now, longAgo).Action);
    }

    [Fact]
    public void Ended_session_ends_at_the_target_and_stays_ended_there()
    {
        var (living, ended) = (Entry(Session(5)), Entry(Ended(9), minutes: 30));
        var step = Decide(ended, living);
        Assert.Equal(MergeAction.End, step.Action);
        Assert.Equal(Bounds.TombstoneLife, step.Life); // It was in use there until now.
        Assert.Equal(new MergeStep(MergeAction.End, TimeSpan.FromMinutes(30)), Decide(ended, null));
        Assert.Equal(MergeAction.SkipEnded, Decide(living, ended).Action);
        Assert.Equal(MergeAction.Same, Decide(ended, Entry(Ended(3))).Action);
        var longAgo = Bounds with { Away = Bounds.TombstoneLife };
        Assert.Equal(MergeAction.SkipExpired, MergePlan.Decide(ended, null, Now, longAgo).Action);
    }

    [Fact]
    public void End_is_no_session_and_ends_one_that_lives_however_its_own_life_is_counted()
    {
        var living = Entry(Session(5));
        var behind = Entry(Ended(9), minutes: 39) with { Now = Now - TimeSpan.FromHours(1) };
        Assert.Equal(new MergeStep(MergeAction.End, Bounds.TombstoneLife), Decide(behind, living));
        Assert.Equal(new MergeStep(MergeAction.End, TimeSpan.FromMinutes(35)), Decide(behind, null));
        Assert.Equal(MergeAction.End, MergePlan.Decide(behind, living, Now, bounds: null).Action);
        var longAgo = Bounds with { Away = Bounds.TombstoneLife };
        Assert.Equal(MergeAction.End, MergePlan.Decide(behind, living, Now, longAgo).Action);
        var forAges = living with { Life = TimeSpan.FromDays(10_000_000) };
        Assert.Equal(MergeAction.End, MergePlan.Decide(behind, forAges, Now, bounds: null).Action);
    }

    [Fact]
    public void Session_is_prolonged_where_the_source_has_seen_a_later_use()
    {
        var step = Decide(Entry(Session(5), 10), Entry(Session(5), 3));
        Assert.Equal(new MergeStep(MergeAction.Prolong, TimeSpan.FromMinutes(10)), step);
        Assert.Equal(MergeAction.Same, Decide(Entry(Session(5), 10), Entry(Session(5), 10)).Action);
        Assert.Equal(MergeAction.Same, Decide(Entry(Session(5), 10), Entry(Session(5)) with { Life = null }).Action);
    }

    [Fact]
    public void Damaged_header_of_either_side_is_left_alone()
    {
        var damaged = new MergeEntry(null, TimeSpan.FromMinutes(5), Now);
        Assert.Equal(MergeAction.LeftOut, Decide(damaged, null).Action);
        Assert.Equal(MergeAction.LeftOut, Decide(damaged, Entry(Session(5))).Action);
        Assert.Equal(MergeAction.LeftOut, Decide(Entry(Session(5)), damaged).Action);
        // An end is stored over whatever is there.
        Assert.Equal(MergeAction.End, Decide(Entry(Ended(5)), damaged).Action);
    }

    /// <summary>
    /// Two servers go on apart from one session, each with its own commits and ends; beside each
    /// stands what it must have, as plainly as possible.
    /// </summary>
    [Fact]
    public void Drawn_histories_lose_nothing_and_revive_nothing_in_either_order()
    {
        var first = Random.Shared.Next(1_000_000);
        var actions = new Dictionary<MergeAction, int>();
        for (var seed = first; seed < first + 3000; seed++)
        {
            var random = new Random(seed);
            var pair = DrawnServers.Draw(random);
            var (a, b) = (pair.A.Copy(), pair.B.Copy());
            var expected = DrawnServers.Server.Union(a, b);
            var isFirst = random.Next(2) == 0;
            foreach (var (from, into) in isFirst ? new[] { (a, b), (b, a) } : [(b, a), (a, b)])
            {
                var action = from.MergeInto(into, Bounds);
                actions[action] = actions.GetValueOrDefault(action) + 1;
                Assert.True(into.Holds(from), $"seed {seed}: after {action} the target lacks something of the source.");
                Assert.True(
                    from.MergeInto(into, Bounds)
                        is MergeAction.Same
                            or MergeAction.SkipEnded
                            or MergeAction.SkipExpired,
                    $"seed {seed}: a second merge found something again."
                );
            }

            Assert.True(a.HasExactly(expected), $"seed {seed}: one side is not what both had.");
            Assert.True(b.HasExactly(expected), $"seed {seed}: the other side is not what both had.");
        }

        Assert.All(
            new[]
            {
                MergeAction.Merge,
                MergeAction.Create,
                MergeAction.End,
                MergeAction.Same,
                MergeAction.SkipEnded,
                MergeAction.SkipExpired,
            },
            action =>
                Assert.True(actions.GetValueOrDefault(action) > 20, $"{action} was drawn too rarely (seed {first}).")
        );
    }

    private static MergeStep Decide(MergeEntry source, MergeEntry? target) =>
        MergePlan.Decide(source, target, Now, Bounds);

    private static MergeEntry Entry(SessionRecord record, int minutes = 10) =>
        new(record, TimeSpan.FromMinutes(minutes), Now);

    private static SessionRecord Session(long stamp) => RecordSketch.At(new SessionVersion(stamp, 1)).Build();

    private static SessionRecord Ended(long stamp) =>
        StoredSession.Ended(DateTimeOffset.UnixEpoch, new SessionEnd(new SessionVersion(stamp, 1))).Record;

    private static SessionRecord Merge(SessionRecord target, SessionRecord source)
    {
        var copy = new SessionMerge(source, new SessionVersion(1000, 99), MergeMode.Restore, TimeSpan.FromMinutes(1));
        return StoredSession.Merge(StoredSession.Of(target), copy).Next!.Record;
    }
}
