using ClusterSession.Records;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Tests.Records;

public sealed class SessionVersionTests
{
    [Fact]
    public void Version_is_read_as_it_was_written() =>
        Seeds.Check(random =>
        {
            var version = Any(random);
            var bytes = new byte[SessionVersion.EncodedLength];
            version.WriteTo(bytes);
            Assert.True(SessionVersion.TryRead(bytes, out var read));
            Assert.Equal(version, read);
        });

    [Fact]
    public void Order_of_versions_is_the_order_of_their_bytes() =>
        Seeds.Check(random =>
        {
            var a = Any(random);
            var b = random.Next(3) == 0 ? Any(random) : Near(random, a);
            var (x, y) = (new byte[13], new byte[13]);
            a.WriteTo(x);
            b.WriteTo(y);
            Assert.Equal(Math.Sign(x.AsSpan().SequenceCompareTo(y)), Math.Sign(a.CompareTo(b)));
            Assert.Equal(a < b, b > a);
            Assert.Equal(a <= b, !(a > b));

            static SessionVersion Near(Random near, SessionVersion a) =>
                new(
                    Math.Clamp(a.Stamp + near.Next(-1, 2), 0, SessionVersion.MaxStamp),
                    Math.Clamp(a.Writer + near.Next(-1, 2), 0, SessionVersion.MaxWriter)
                );
        });

    [Fact]
    public void Stamps_beyond_what_a_Lua_number_holds_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new SessionVersion(SessionVersion.MaxStamp + 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SessionVersion(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SessionVersion(1, SessionVersion.MaxWriter + 1));
        Assert.False(SessionVersion.TryRead([0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], out _));
        Assert.True(
            SessionVersion.TryRead([0x1F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1], out var largest)
        );
        Assert.Equal(SessionVersion.MaxStamp, largest.Stamp);
        Assert.False(SessionVersion.TryRead(new byte[12], out _));
    }

    [Fact]
    public void Clock_that_jumps_back_an_hour_gives_no_lower_version()
    {
        var time = new ManualTimeProvider();
        var clock = new HybridClock(time, 1);
        var before = clock.Next();
        time.SetUtcNow(time.GetUtcNow() - TimeSpan.FromHours(1));
        var after = clock.Next();
        Assert.True(after > before);
        Assert.Equal(before.Stamp + 1, after.Stamp);
        time.SetUtcNow(time.GetUtcNow() + TimeSpan.FromHours(3));
        Assert.Equal((time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / 10, clock.Next().Stamp);
    }

    [Fact]
    public void Clock_goes_past_whatever_it_has_seen_and_never_back()
    {
        var time = new ManualTimeProvider();
        var clock = new HybridClock(time, 1);
        var ahead = new SessionVersion(clock.Next().Stamp + 3_600_000_000, 2);
        clock.Observe(ahead);
        Assert.True(clock.Next() > ahead);
        clock.Observe(new SessionVersion(5, 9));
        Assert.True(clock.Next() > ahead);
    }

    [Fact]
    public void Clock_does_not_follow_a_stamp_that_is_more_than_an_hour_ahead()
    {
        var clock = new HybridClock(new ManualTimeProvider(), 1);
        var now = clock.Next();
        clock.Observe(new SessionVersion(now.Stamp + 3_660_000_100, 2));
        Assert.Equal(now.Stamp + 1, clock.Next().Stamp);
    }

    [Fact]
    public void Versions_of_many_threads_are_all_different()
    {
        var clock = new HybridClock(new ManualTimeProvider(), 1);
        var versions = Enumerable
            .Range(0, 8)
            .AsParallel()
            .WithDegreeOfParallelism(8)
            .SelectMany(_ => Enumerable.Range(0, 5_000).Select(_ => clock.Next()).ToArray())
            .ToArray();
        Assert.Equal(versions.Length, versions.Distinct().Count());
    }

    [Fact]
    public void Clock_at_its_end_says_so_instead_of_giving_a_larger_stamp()
    {
        var time = new ManualTimeProvider();
        var clock = new HybridClock(time, 1);
        time.SetUtcNow(
            DateTimeOffset.UnixEpoch.AddTicks((SessionVersion.MaxStamp - 10) * TimeSpan.TicksPerMicrosecond)
        );
        clock.Observe(new SessionVersion(SessionVersion.MaxStamp - 1, 1));
        Assert.Equal(SessionVersion.MaxStamp, clock.Next().Stamp);
        Assert.Contains("2255", Assert.Throws<InvalidOperationException>(() => clock.Next()).Message);
    }

    [Fact]
    public void Varint_is_read_as_it_was_written_and_a_cut_or_oversized_one_is_none() =>
        Seeds.Check(random =>
        {
            var value = random.Next() >> random.Next(31);
            var bytes = new byte[Varint.MaxLength];
            var at = 0;
            Varint.Write(bytes, ref at, value);
            Assert.Equal(Varint.Length(value), at);
            var (read, checkedAt) = (0, 0);
            Assert.Equal(value, Varint.Read(bytes, ref read));
            Assert.True(Varint.TryRead(bytes, ref checkedAt, out var again));
            Assert.Equal((value, at, at), (again, read, checkedAt));
            for (var cut = 0; cut < at; cut++)
            {
                var from = 0;
                Assert.False(Varint.TryRead(bytes.AsSpan(0, cut), ref from, out _));
            }

            var oversized = 0;
            Assert.False(Varint.TryRead([0xFF, 0xFF, 0xFF, 0xFF, 0x08], ref oversized, out _));
        });

    private static SessionVersion Any(Random random) =>
        random.Next(10) switch
        {
            0 => default,
            1 => new(SessionVersion.MaxStamp, SessionVersion.MaxWriter),
            2 => new(random.Next(3), random.Next(3)),
            _ => new(random.NextInt64(SessionVersion.MaxStamp + 1), random.NextInt64(SessionVersion.MaxWriter + 1)),
        };
}
