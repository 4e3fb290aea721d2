using System.Diagnostics;
using ClusterSession.Failover.Notifying;
using Xunit;

namespace ClusterSession.ChaosTests.Agents.Alone;

/// <summary>The notify command as processes beside two real Redis, without keepalived.</summary>
public sealed class NotifyTests
{
    [Fact]
    public async Task Master_that_is_notified_again_stays_open_under_its_epoch()
    {
        await using var site = await AloneSite.StartAsync();
        var first = await site.A.NotifyAsync("master", "is open.");
        var sessions = await site.CreateAsync(site.A, 1);

        var second = await site.A.NotifyAsync("master", "is open.");

        Assert.Equal(0, await AloneSide.EndAsync(first));
        Assert.DoesNotContain("Opens", second.Output, StringComparison.Ordinal);
        await AloneSite.HasAsync(site.A, sessions);
    }

    [Fact]
    public async Task Backup_merges_exactly_what_only_this_side_has_and_then_follows()
    {
        await using var site = await AloneSite.InStepAsync();
        var shared = await site.CreateAsync(site.A, 5);
        await site.B.FollowsAsync(site.A);
        await site.B.NotifyAsync("master", "is open."); // As in a partition: A has not heard of it.
        var (onlyA, onlyB) = (await site.CreateAsync(site.A, 3), await site.CreateAsync(site.B, 2));

        var backup = await site.A.NotifyAsync("backup", "Follows redis-1");

        Assert.Contains("8 sessions were compared, and 3 records and", backup.Output, StringComparison.Ordinal);
        await AloneSite.HasAsync(site.B, [.. shared, .. onlyA, .. onlyB]);
        await site.A.FollowsAsync(site.B);
        Assert.Equal(10, (await site.A.SessionsAsync()).Count);
        var again = await site.A.NotifyAsync("backup", "Follows redis-1");
        Assert.DoesNotContain("Merge", again.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Lets", again.Output, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.GetFiles(site.A.Redis.WorkingDirectory, "set-aside-*.rdb"));
    }

    /// <summary>Each is said before its step, so that the process dies within it.</summary>
    [Theory]
    [InlineData("backup", "Closes")]
    [InlineData("backup", "Merges")]
    [InlineData("backup", "Merged")]
    [InlineData("backup", "Lets")]
    [InlineData("master", "Opens")]
    [InlineData("fault", "Closes")]
    [InlineData("stop", "Closes")]
    public async Task Command_that_is_killed_at_any_step_is_done_by_the_next_one(string state, string step)
    {
        await using var site = await AloneSite.InStepAsync();
        await site.B.NotifyAsync("master", "is open.");
        var all = (await site.CreateAsync(site.A, 20)).Concat(await site.CreateAsync(site.B, 20)).ToArray();
        if (state == "master")
        {
            Assert.Equal(0, await AloneSide.EndAsync(await site.A.NotifyAsync("fault")));
        }

        var killed = await site.A.NotifyAsync(state, step);
        await killed.Kill9Async();
        var again = await site.A.NotifyAsync("again");

        switch (state)
        {
            case "backup":
                await AloneSide.SaysAsync(again, "Follows redis-1");
                await site.A.FollowsAsync(site.B);
                await AloneSite.HasAsync(site.B, all);
                break;
            case "master":
                await AloneSide.SaysAsync(again, "is open.");
                await AloneSite.HasAsync(site.A, all.Take(20));
                await site.CreateAsync(site.A, 1);
                break;
            default:
                Assert.Equal(0, await AloneSide.EndAsync(again));
                Assert.False(await site.A.IsOpenAsync());
                Assert.Equal(20, (await site.A.SessionsAsync()).Count);
                break;
        }
    }

    [Fact]
    public async Task Backup_waits_for_the_other_side_and_throws_nothing_away_meanwhile()
    {
        await using var site = await AloneSite.InStepAsync();
        await site.B.NotifyAsync("master", "is open.");
        var onlyA = await site.CreateAsync(site.A, 3);
        await site.B.Redis.Kill9Async();

        var backup = await site.A.NotifyAsync("backup", "Waits until redis-1");

        Assert.False(await site.A.IsOpenAsync());
        Assert.Equal(3, (await site.A.SessionsAsync()).Count);
        await site.B.Redis.StartAgainAsync();
        await AloneSide.SaysAsync(backup, "Follows redis-1");
        await AloneSite.HasAsync(site.B, onlyA);
    }

    [Fact]
    public async Task Backup_without_a_master_becomes_the_master_when_it_is_notified()
    {
        await using var site = await AloneSite.StartAsync();
        var backup = await site.A.NotifyAsync("backup", "Waits until redis-1");

        await site.A.NotifyAsync("master", "is open.");

        Assert.Equal(0, await AloneSide.EndAsync(backup));
        await site.CreateAsync(site.A, 1);
    }

    [Fact]
    public async Task Notice_that_keepalived_gave_before_another_one_and_that_runs_late_does_nothing()
    {
        await using var site = await AloneSite.StartAsync();
        var master = await site.A.NotifyAsync("master", "is open.");
        var last = new NoticeDirectory(site.A.Notices, TimeProvider.System);
        last.Add(last.Last()! with { Started = last.Last()!.Started + 1_000_000 });
        Assert.Equal(0, await AloneSide.EndAsync(master)); // While it acts, nothing is repeated.
        var repeated = await site.A.NotifyAsync("again", "is open.");

        Assert.Equal(0, await AloneSide.EndAsync(await site.A.NotifyAsync("backup")));

        Assert.False(repeated.HasExited);
        Assert.True(await site.A.IsOpenAsync());
        foreach (var file in Directory.GetFiles(site.A.Notices, "notice_*"))
        {
            File.Delete(file); // It would be the last word at the end of the test too.
        }
    }

    [Fact]
    public async Task Master_whose_command_is_killed_takes_no_writes_until_another_one_goes_on()
    {
        await using var site = await AloneSite.StartAsync();
        var master = await site.A.NotifyAsync("master", "is open.");
        await using var writers = FencedWriters.Start(Address(site.A), "alone");
        await writers.AcceptedAsync();

        await master.Kill9Async();
        await writers.RefusedAsync();
        await site.A.NotifyAsync("again", "is open.");

        await writers.AcceptedAsync();
    }

    [Fact]
    public async Task Redis_that_hangs_beyond_its_record_takes_nothing_when_it_goes_on_and_is_closed()
    {
        await using var site = await AloneSite.StartAsync();
        var master = await site.A.NotifyAsync("master", "is open.");
        await using var writers = FencedWriters.Start(Address(site.A), "alone");
        await writers.AcceptedAsync();
        site.A.Redis.Process.Stop();
        var fault = await site.A.NotifyAsync("fault", "Waits for the Redis");
        Assert.Equal(0, await AloneSide.EndAsync(master));
        await OutlivedAsync(TimeSpan.FromSeconds(4));
        var before = writers.Accepted.Count;

        site.A.Redis.Process.Continue();

        Assert.Equal(0, await AloneSide.EndAsync(fault));
        Assert.False(await site.A.IsOpenAsync());
        Assert.Equal(before, writers.Accepted.Count);
    }

    [Fact]
    public async Task Stop_does_not_wait_for_a_Redis_that_hangs_and_says_so()
    {
        await using var site = await AloneSite.StartAsync();
        await site.A.NotifyAsync("master", "is open.");
        site.A.Redis.Process.Stop();

        var stop = await site.A.NotifyAsync("stop");

        Assert.Equal(1, await AloneSide.EndAsync(stop));
        Assert.Contains("did not answer within 3 s", stop.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redis_of_the_master_that_is_started_again_is_opened_and_followed_anew()
    {
        await using var site = await AloneSite.InStepAsync();
        var sessions = await site.CreateAsync(site.A, 3);
        await site.B.FollowsAsync(site.A);

        await site.A.Redis.Kill9Async();
        await site.A.Redis.StartAgainAsync();

        await Condition.HoldsAsync(site.A.IsOpenAsync, "A is open again", TimeSpan.FromSeconds(60));
        sessions = [.. sessions, .. await site.CreateAsync(site.A, 1)];
        await site.B.FollowsAsync(site.A);
        Assert.Equal(sessions.Count, (await site.B.SessionsAsync()).Count);
    }

    private static System.Net.IPEndPoint Address(AloneSide side) =>
        new(System.Net.IPAddress.Parse(side.Redis.Host), side.Redis.Port);

    private static Task OutlivedAsync(TimeSpan life)
    {
        var since = Stopwatch.GetTimestamp();
        return Condition.HoldsAsync(() => Stopwatch.GetElapsedTime(since) > life, "the record is over");
    }
}
