using ClusterSession.Failover.Leases;
using ClusterSession.Failover.Raft;
using ClusterSession.Failover.Time;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Tests.Failover.Raft;

/// <summary>The leader's deadlines, and what it watches.</summary>
public sealed class ReignTests
{
    private static readonly ClusterRecord Held = ClusterRecord.None with
    {
        Holder = "a",
        Epoch = 1,
        TtlMilliseconds = 1000,
    };

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Lease_runs_for_its_ttl_and_never_again()
    {
        var reign = new Reign(1, _time, default);
        Assert.True(reign.TryRenew("north", Held));
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.True(reign.IsRunning("north", Held));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(reign.IsRunning("north", Held));
        Assert.False(reign.TryRenew("north", Held));
        Assert.False(reign.IsRunning("north", Held));
    }

    [Fact]
    public void Renewal_runs_for_the_full_ttl_from_then()
    {
        var reign = new Reign(1, _time, default);
        reign.TryRenew("north", Held);
        _time.Advance(TimeSpan.FromMilliseconds(900));
        Assert.True(reign.TryRenew("north", Held));
        _time.Advance(TimeSpan.FromMilliseconds(900));
        Assert.True(reign.IsRunning("north", Held));
    }

    [Fact]
    public void New_reign_and_new_grant_count_from_when_they_are_first_seen()
    {
        var first = new Reign(1, _time, default);
        first.IsRunning("north", Held);
        _time.Advance(TimeSpan.FromMilliseconds(1000));
        Assert.False(first.IsRunning("north", Held));
        Assert.True(first.IsRunning("north", Held with { Epoch = 2 }));
        Assert.True(new Reign(2, _time, default).IsRunning("north", Held));
    }

    /// <summary>
    /// The record was read before the other holder's grant was applied, and is decided on after it.
    /// </summary>
    [Fact]
    public void Earlier_grant_is_never_renewed_once_a_later_one_is_counted()
    {
        var reign = new Reign(1, _time, default);
        reign.TryRenew("north", Held);
        _time.Advance(TimeSpan.FromMilliseconds(1000));
        var later = Held with { Holder = "b", Epoch = 2 };
        Assert.True(reign.TryRenew("north", later));
        Assert.False(reign.TryRenew("north", Held));
        Assert.False(reign.IsRunning("north", Held));

        // And the later one counts on from its own grant.
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.True(reign.IsRunning("north", later));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(reign.IsRunning("north", later));
    }

    [Fact]
    public void Lease_of_one_cluster_is_not_that_of_another()
    {
        var reign = new Reign(1, _time, default);
        reign.IsRunning("north", Held);
        _time.Advance(TimeSpan.FromMilliseconds(600));
        reign.IsRunning("south", Held);
        _time.Advance(TimeSpan.FromMilliseconds(600));
        Assert.False(reign.IsRunning("north", Held));
        Assert.True(reign.IsRunning("south", Held));
        Assert.False(reign.IsRunning("south", Held with { Holder = null }));
    }

    /// <summary>A snapshot may have it. Where that throws, no member can begin a reign.</summary>
    [Fact]
    public void Lease_with_the_largest_ttl_can_be_asked_for()
    {
        var reign = new Reign(1, _time, default);
        var longest = Held with { TtlMilliseconds = long.MaxValue };
        Assert.True(reign.IsRunning("north", longest));
        _time.Advance(TimeSpan.FromDays(1000));
        Assert.True(reign.TryRenew("north", longest));
    }

    [Fact]
    public void Member_that_responds_and_stands_still_is_stalled_and_no_other()
    {
        var member = new Uri("http://b:1");
        var watch = new StallWatch(TimeSpan.FromSeconds(5), _time);
        Assert.False(watch.IsStalled(member, Applied(3), 9));
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(watch.IsStalled(member, Applied(4), 9)); // It moves.
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(watch.IsStalled(member, Applied(4), 9));
        Assert.False(watch.IsStalled(member, null, 9)); // It is not responding.
        Assert.False(watch.IsStalled(member, Applied(4), 9));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(watch.IsStalled(member, Applied(4), 9));
        Assert.False(watch.IsStalled(member, Applied(9), 9)); // It has everything.
    }

    /// <summary>
    /// Its application responds before the member has started and after it has stopped.
    /// </summary>
    [Fact]
    public void Member_that_is_not_running_is_not_stalled()
    {
        var member = new Uri("http://b:1");
        var watch = new StallWatch(TimeSpan.FromSeconds(5), _time);
        var stopped = new RaftStatus(false, 0, 0, 0, false, false);
        Assert.False(watch.IsStalled(member, stopped, 9));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(watch.IsStalled(member, stopped, 9));
    }

    [Fact]
    public void Outcome_of_another_operation_is_not_taken()
    {
        var outcome = new Outcome(new(1));
        outcome.Set(new(2), Answer.Unknown);
        Assert.Null(outcome.Answer);
        outcome.Set(new(1), Answer.Unknown);
        Assert.Same(Answer.Unknown, outcome.Answer);
    }

    /// <summary>/proc/uptime is the kernel's own reading of the same clock.</summary>
    [Fact]
    public void Clock_of_leases_is_the_time_since_boot_with_suspend()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Same(TimeProvider.System, BoottimeClock.Instance);
            return;
        }

        var before = Uptime();
        var read = BoottimeClock.Instance.GetElapsedTime(0, BoottimeClock.Instance.GetTimestamp());
        var after = Uptime();
        Assert.InRange(read, before, after + TimeSpan.FromMilliseconds(10)); // uptime is written in hundredths.
    }

    private static RaftStatus Applied(long index) => new(true, index, index, 1, false, true);

    private static TimeSpan Uptime() =>
        TimeSpan.FromSeconds(
            double.Parse(
                File.ReadAllText("/proc/uptime").Split(' ')[0],
                System.Globalization.CultureInfo.InvariantCulture
            )
        );

    [Fact]
    public void Lease_whose_release_went_to_the_log_is_renewed_no_more_and_runs_out()
    {
        var reign = new Reign(1, _time, default);
        Assert.True(reign.TryRenew("north", Held));
        reign.Releases("north", Held.Epoch);
        Assert.False(reign.TryRenew("north", Held));
        Assert.True(reign.IsRunning("north", Held));
        Assert.True(reign.TryRenew("north", Held with { Epoch = Held.Epoch + 1 }));
    }
}
