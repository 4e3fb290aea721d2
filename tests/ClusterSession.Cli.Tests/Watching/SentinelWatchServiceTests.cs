using ClusterSession.Cli.Watching;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Cli.Tests.Watching;

/// <summary>When the watcher looks, by a clock of its own.</summary>
public sealed class SentinelWatchServiceTests : IDisposable
{
    private static readonly SentinelWatchSettings Settings = WatchSettings.Of(Sights.A);

    private readonly ManualTimeProvider _time = new();
    private readonly CapturedLogs _logs = new();
    private int _looks;

    public void Dispose() => _logs.Dispose();

    [Fact]
    public async Task Look_that_fails_is_logged_once_in_ten_seconds_and_others_follow()
    {
        var watch = new SentinelWatch(Settings, _time);
        using var service = Service(watch, look =>
            look is 1 or > 15 ? Sights.All["healthy"] : throw new InvalidOperationException("A mistake.")
        );
        await service.StartAsync(CancellationToken.None);
        await Condition.HoldsAsync(() => watch.IsAlive);
        for (var look = 2; look <= 15; look++)
        {
            await NextAsync();
        }

        Assert.False(watch.IsAlive); // As systemd is to see it.
        await NextAsync();
        await Condition.HoldsAsync(() => watch.IsAlive);
        await service.StopAsync(CancellationToken.None);
        Assert.Equal(2, _logs.Count("WatchFailed"));
    }

    [Fact]
    public async Task Look_without_a_majority_is_made_again_before_who_asks_has_noticed()
    {
        var (watch, healthy) = (new SentinelWatch(Settings, _time), Sights.All["healthy"]);
        using var service = Service(watch, look => look == 4 ? Sights.WithoutMajority(healthy) : healthy);
        await service.StartAsync(CancellationToken.None);
        await Condition.HoldsAsync(() => watch.Look is not null);
        await NextAsync();
        await NextAsync();
        await Condition.HoldsAsync(() => watch.Primary().Is);
        await NextAsync();
        await Condition.HoldsAsync(() => watch.Look is { Facts.Master: null });
        await Condition.HoldsAsync(
            () =>
            {
                Assert.True(watch.Primary().Is, watch.Primary().Status.Reason);
                if (Volatile.Read(ref _looks) > 4)
                {
                    return true;
                }

                _time.Advance(TimeSpan.FromMilliseconds(5)); // Until half a deadline is over.
                return false;
            },
            "it looks once more"
        );
        await Condition.HoldsAsync(() => watch.Look is { Facts.Master: Sights.A });
        Assert.True(watch.Primary().Is);
        await service.StopAsync(CancellationToken.None);
    }

    private SentinelWatchService Service(SentinelWatch watch, Func<int, SiteSight> sees) =>
        new(
            _ => Task.FromResult(sees(Interlocked.Increment(ref _looks))),
            watch,
            Settings,
            _time,
            _time,
            _logs.CreateLogger("ClusterSession.Sentinel")
        );

    /// <summary>Lets an interval pass, until the look after it has begun.</summary>
    private async Task NextAsync()
    {
        var before = Volatile.Read(ref _looks);
        _time.Advance(Settings.Interval);
        await Condition.HoldsAsync(() => Volatile.Read(ref _looks) > before, "it looks again");
    }
}
