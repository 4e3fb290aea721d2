using ClusterSession.IntegrationTests.Redis;
using ClusterSession.Records;
using ClusterSession.Redis.Merging;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Merging;

/// <summary>What comes over from a Redis that has gone on alone, and what does not.</summary>
public sealed class RedisMergeTests : IAsyncLifetime
{
    private static readonly TimeSpan Ever = TimeSpan.MaxValue;
    private static readonly TimeSpan Tombstone = 2 * MergeSite.Life;
    private MergeSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await MergeSite.StartAsync();

    public async ValueTask DisposeAsync() => await _site.DisposeAsync();

    [Fact]
    public async Task Attributes_changed_on_both_sides_are_merged_one_by_one()
    {
        var key = await _site.CreateAsync(_site.StoreA, "a", "0");
        await _site.CommitAsync(_site.StoreA, key, "r", "0");
        var other = await _site.CreateAsync(_site.StoreA, "a", "0");
        await _site.PartAsync();
        await _site.CommitAsync(_site.StoreA, key, "x", "A");
        await _site.CommitAsync(_site.StoreA, key, "a", "A");
        for (var i = 1; i <= 16; i++)
        {
            await _site.CommitAsync(_site.StoreB, key, "y", $"B{i}");
        }

        await _site.CommitAsync(_site.StoreB, key, "a", "B, later");
        await _site.CommitAsync(_site.StoreA, key, "r", null);
        var report = await _site.MergeAsync();
        Assert.Equal("a=B, later x=A y=B16", await MergeSite.TextAsync(_site.StoreB, key));
        Assert.Equal("a=0", await MergeSite.TextAsync(_site.StoreB, other));
        Assert.Equal((2, 1, 1, 0), (report.Scanned, report.Same, report.Merged, report.New));
        Assert.Equal("a=A x=A", await MergeSite.TextAsync(_site.StoreA, key)); // Nothing is written to the source.
    }

    [Fact]
    public async Task New_session_comes_over_with_the_life_that_is_left()
    {
        await _site.PartAsync();
        var key = await _site.CreateAsync(_site.StoreA, "a", "1");
        var report = await _site.MergeAsync();
        Assert.Equal(("a=1", 1), (await MergeSite.TextAsync(_site.StoreB, key), report.New));
        var life = await MergeSite.LifeAsync(_site.B, key);
        Assert.InRange(life, MergeSite.Life - TimeSpan.FromMinutes(5), MergeSite.Life);
        await _site.CommitAsync(_site.StoreB, key, "b", "2"); // Its mark and intervals are sound.
        Assert.Equal("a=1 b=2", await MergeSite.TextAsync(_site.StoreB, key));
    }

    [Fact]
    public async Task Clock_an_hour_behind_revives_nothing_and_prolongs_nothing()
    {
        // What such a server shows: an hour more than is left.
        var key = await _site.CreateAsync(_site.StoreA, "a", "1", MergeSite.Life + TimeSpan.FromHours(1));
        _site.Settings = _site.Settings with { Bounds = new MergeBounds(MergeSite.Life, MergeSite.Life, Tombstone) };
        var report = await _site.MergeAsync();
        Assert.Equal(("missing", 1), (await MergeSite.TextAsync(_site.StoreB, key), report.SkippedExpired));

        var away = TimeSpan.FromMinutes(12);
        _site.Settings = _site.Settings with { Bounds = new MergeBounds(away, MergeSite.Life, Tombstone) };
        Assert.Equal(1, (await _site.MergeAsync()).New);
        Assert.InRange(await MergeSite.LifeAsync(_site.B, key), TimeSpan.FromSeconds(1), MergeSite.Life - away);
    }

    [Fact]
    public async Task Ended_and_rotated_sessions_end_at_the_target_and_stay_ended_there()
    {
        var ended = await _site.CreateAsync(_site.StoreA, "a", "1");
        var rotated = await _site.CreateAsync(_site.StoreA, "a", "2");
        var endedAtTarget = await _site.CreateAsync(_site.StoreA, "a", "3");
        await _site.PartAsync();
        var next = await _site.CreateAsync(_site.StoreA, "a", "2");
        var newAndEnded = await _site.CreateAsync(_site.StoreA, "a", "4");
        await _site.EndAsync(_site.StoreA, ended);
        await _site.EndAsync(_site.StoreA, rotated, successor: new SessionSuccessor(next));
        await _site.EndAsync(_site.StoreA, newAndEnded);
        await _site.EndAsync(_site.StoreB, endedAtTarget);
        await _site.CommitAsync(_site.StoreA, endedAtTarget, "a", "after the end");
        await _site.CommitAsync(_site.StoreB, ended, "b", "after the end");

        var report = await _site.MergeAsync();
        Assert.Equal("ended", await MergeSite.TextAsync(_site.StoreB, ended));
        Assert.Equal("ended to " + next, await MergeSite.TextAsync(_site.StoreB, rotated));
        Assert.Equal("a=2", await MergeSite.TextAsync(_site.StoreB, next));
        Assert.Equal("ended", await MergeSite.TextAsync(_site.StoreB, newAndEnded));
        Assert.Equal("ended", await MergeSite.TextAsync(_site.StoreB, endedAtTarget));
        Assert.Equal((3, 1, 1), (report.Ended, report.New, report.SkippedEnded));
        var again = await _site.MergeAsync();
        Assert.Equal((0, 4), (again.Written, again.Same));
    }

    [Fact]
    public async Task Documents_are_merged_element_by_element_and_presence_is_not()
    {
        await _site.StoreA.MergeDocumentAsync("revocations", [Element(1, 1)], Tombstone, default);
        await _site.StoreA.MergeDocumentAsync("keyring", [Element(1, 1, Ever)], Ever, default);
        await _site.PartAsync();
        await _site.StoreA.MergeDocumentAsync("revocations", [Element(1, 5), Element(2, 1)], Tombstone, default);
        await _site.StoreA.MergeDocumentAsync("keyring", [Element(2, 1, Ever)], Ever, default);
        await _site.StoreB.MergeDocumentAsync("keyring", [Element(1, 1L << 52)], Ever, default); // Retired there.
        await _site.StoreA.MergeDocumentAsync("ends", [Element(1, 1)], Tombstone, default);
        await _site.StoreA.MergeDocumentAsync("nodes", [Element(1, 1)], Tombstone, default);

        var report = await _site.MergeAsync();
        Assert.Equal("1:5 2:1", await DocumentAsync("revocations"));
        Assert.Equal("1:4503599627370496 2:1", await DocumentAsync("keyring"));
        Assert.Equal("1:1", await DocumentAsync("ends"));
        Assert.Equal("", await DocumentAsync("nodes"));
        Assert.Equal(4, report.Elements);
        Assert.Equal("-1", await _site.B.CommandAsync("PTTL", "cs:1:document:{keyring}"));
        Assert.Equal(0, (await _site.MergeAsync()).Elements);
    }

    [Fact]
    public async Task Source_older_than_a_tombstone_has_no_ends_revocations_or_keys_to_give()
    {
        await _site.StoreA.MergeDocumentAsync("revocations", [Element(1, 1)], Tombstone, default);
        await _site.StoreA.MergeDocumentAsync("keyring", [Element(1, 1, Ever)], Ever, default);
        await _site.StoreA.MergeDocumentAsync("data-protection", [Element(1, 1, Ever)], Ever, default);
        var ended = await _site.CreateAsync(_site.StoreA, "a", "1");
        await _site.EndAsync(_site.StoreA, ended);
        _site.Settings = _site.Settings with { Bounds = new MergeBounds(Tombstone, MergeSite.Life, Tombstone) };
        var report = await _site.MergeAsync();
        Assert.Equal((1, 1), (report.Elements, report.SkippedExpired));
        Assert.Equal(
            ("", "", "1:1"),
            (await DocumentAsync("revocations"), await DocumentAsync("keyring"), await DocumentAsync("data-protection"))
        );
        Assert.Equal("missing", await MergeSite.TextAsync(_site.StoreB, ended));
    }

    [Fact]
    public async Task Session_read_at_the_source_only_lives_as_long_at_the_target()
    {
        var key = await _site.CreateAsync(_site.StoreA, "a", "1", TimeSpan.FromMinutes(2));
        await _site.PartAsync();
        await _site.StoreA.TouchAsync(key, MergeSite.Life, MergeSite.Life, default);
        Assert.Equal(1, (await _site.MergeAsync()).Prolonged);
        Assert.InRange(await MergeSite.LifeAsync(_site.B, key), TimeSpan.FromMinutes(15), MergeSite.Life);
        Assert.Equal(0, (await _site.MergeAsync()).Written);
    }

    [Fact]
    public async Task Damaged_records_are_counted_and_left_and_the_others_come_over()
    {
        var (noHash, cut) = (SessionKeys.New(), await _site.CreateAsync(_site.StoreA, "a", "1"));
        await _site.A.CommandAsync("SET", MergeSite.NameOf(noHash), "x");
        await _site.A.CommandAsync("HSET", MergeSite.NameOf(cut), "aa", "short");
        var copied = await _site.CreateAsync(_site.StoreA, "a", "2");
        var copy = SessionKeys.New();
        await _site.A.CommandAsync("COPY", MergeSite.NameOf(copied), MergeSite.NameOf(copy));
        var header = await _site.CreateAsync(_site.StoreA, "a", "3");
        await _site.A.CommandAsync("HSET", MergeSite.NameOf(header), "m", "nonsense");
        await _site.A.CommandAsync("HSET", $"cs:1:{{{new string('.', 22)}}}", "m", "no name of a session");
        var report = await _site.MergeAsync();
        Assert.Equal((6, 5, 1), (report.Scanned, report.LeftOut, report.New));
        Assert.Equal("1", await MergeSite.SessionsAsync(_site.B));
        Assert.Equal("a=2", await MergeSite.TextAsync(_site.StoreB, copied));
        Assert.Equal("6", await MergeSite.SessionsAsync(_site.A));
    }

    [Fact]
    public async Task What_only_the_source_has_of_a_session_goes_to_the_id_it_was_rotated_to_at_the_target()
    {
        var key = await _site.CreateAsync(_site.StoreA, "a", "1");
        var others = await _site.CreateAsync(_site.StoreA, "a", "1");
        await _site.PartAsync();
        await _site.CommitAsync(_site.StoreA, key, "x", "acknowledged");
        await _site.CommitAsync(_site.StoreA, others, "x", "of the former user");
        var (second, third, foreign) = (
            await _site.CreateAsync(_site.StoreB, "a", "1"),
            await _site.CreateAsync(_site.StoreB, "a", "1"),
            await _site.CreateAsync(_site.StoreB, "a", "1")
        );
        await _site.EndAsync(_site.StoreB, key, new SessionSuccessor(second));
        await _site.EndAsync(_site.StoreB, second, new SessionSuccessor(third));
        await _site.EndAsync(_site.StoreB, others, new SessionSuccessor(foreign, IsOthers: true));
        var life = await MergeSite.LifeAsync(_site.B, third);
        _site.Settings = _site.Settings with { IsDryRun = true };
        Assert.Equal(1, (await _site.MergeAsync()).Merged);
        _site.Settings = _site.Settings with { IsDryRun = false };

        var report = await _site.MergeAsync();
        Assert.Equal("a=1 x=acknowledged", await MergeSite.TextAsync(_site.StoreB, third));
        Assert.Equal("ended to " + second, await MergeSite.TextAsync(_site.StoreB, key));
        Assert.Equal("a=1", await MergeSite.TextAsync(_site.StoreB, foreign));
        Assert.Equal((1, 1), (report.Merged, report.SkippedEnded));
        Assert.True(await MergeSite.LifeAsync(_site.B, third) <= life);
        var again = await _site.MergeAsync();
        Assert.Equal((0, 2), (again.Written, again.SkippedEnded));
    }

    [Fact]
    public async Task Time_that_the_merge_itself_takes_counts_as_absence()
    {
        var key = await _site.CreateAsync(_site.StoreA, "a", "1", MergeSite.Life + TimeSpan.FromHours(1));
        var away = MergeSite.Life - TimeSpan.FromMinutes(5);
        _site.Settings = _site.Settings with { Bounds = new MergeBounds(away, MergeSite.Life, Tombstone) };
        var clock = new LaterClock();
        var report = await _site.MergeAsync(
            told => clock.Later = told.Phase == MergePhase.Sessions ? TimeSpan.FromMinutes(6) : clock.Later,
            time: clock
        );
        Assert.Equal(("missing", 1), (await MergeSite.TextAsync(_site.StoreB, key), report.SkippedExpired));
    }

    [Fact]
    public async Task Header_and_successor_longer_than_any_reply_are_of_one_record_and_stop_nothing()
    {
        var (atSource, atTarget) = (await _site.CreateAsync(_site.StoreA, "a", "1"), SessionKeys.New());
        var ended = await _site.CreateAsync(_site.StoreA, "a", "2");
        await _site.EndAsync(_site.StoreA, ended);
        var sound = await _site.CreateAsync(_site.StoreA, "a", "3");
        await _site.A.CommandAsync("COPY", MergeSite.NameOf(atSource), MergeSite.NameOf(atTarget));
        await FillAsync(_site.A, MergeSite.NameOf(atSource), "m");
        await FillAsync(_site.A, MergeSite.NameOf(ended), "s");
        await FillAsync(_site.B, MergeSite.NameOf(atTarget), "m");
        await FillAsync(_site.B, MergeSite.NameOf(atTarget), "s");

        var report = await _site.MergeAsync(maxReplyBytes: 1 << 20);
        Assert.Equal((4, 2, 1, 1), (report.Scanned, report.LeftOut, report.New, report.Ended));
        Assert.Equal("a=3", await MergeSite.TextAsync(_site.StoreB, sound));
        Assert.Equal("ended", await MergeSite.TextAsync(_site.StoreB, ended));

        static Task<string> FillAsync(RedisServer server, string key, string field) =>
            server.CommandAsync(
                "EVAL",
                "return redis.call('HSET', KEYS[1], ARGV[1], string.rep('x', 2097152))",
                "1",
                key,
                field
            );
    }

    private static DocumentElement Element(byte id, long rank, TimeSpan? life = null) =>
        new(new[] { id }, rank, new byte[] { 42 }, life ?? Tombstone);

    private async Task<string> DocumentAsync(string name)
    {
        var document = await _site.StoreB.ReadDocumentAsync(name, DocumentPosition.None, default);
        Assert.True(document.IsComplete);
        return string.Join(' ', document.Elements.Select(one => $"{one.Id.Span[0]}:{one.Rank}").Order());
    }

    /// <summary>A clock that may be put forward.</summary>
    private sealed class LaterClock : TimeProvider
    {
        public TimeSpan Later { get; set; }

        public override long GetTimestamp() =>
            base.GetTimestamp() + (long)(Later.TotalSeconds * System.TimestampFrequency);
    }
}
