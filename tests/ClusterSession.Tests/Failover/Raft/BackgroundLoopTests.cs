using ClusterSession.Failover.Raft;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Tests.Failover.Raft;

/// <summary>
/// What a member does in the background goes on after a failure, and says that it failed.
/// </summary>
public sealed class BackgroundLoopTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly CapturedLogs _logs = new();

    [Fact]
    public async Task Loop_that_failed_is_logged_and_begins_again_after_a_pause()
    {
        var runs = 0;
        var started = _time.GetTimestamp();
        await _time.DriveAsync(
            Loop()
                .RunAsync(
                    _ => ++runs <= 2 ? throw new IOException("No space left on device.") : Task.CompletedTask,
                    default
                )
        );
        Assert.Equal(3, runs);
        Assert.True(_time.GetElapsedTime(started) >= 2 * BackgroundLoop.Pause, "each failure has its pause");
        var log = Assert.Single(_logs.All, log => log.Event.Name == "BackgroundFailed");
        Assert.Contains("'join': No space left on device. Retrying", log.Text);
    }

    [Fact]
    public async Task Loop_that_goes_on_failing_is_logged_once_in_ten_seconds()
    {
        var runs = 0;
        await _time.DriveAsync(
            Loop()
                .RunAsync(
                    _ => ++runs <= 25 ? Task.FromException(new IOException("Full.")) : Task.CompletedTask,
                    default
                )
        );
        Assert.Equal(3, _logs.Count("BackgroundFailed"));
    }

    [Fact]
    public async Task Loop_that_is_stopped_ends_without_a_word()
    {
        using var stopping = new CancellationTokenSource();
        var running = Loop().RunAsync(token => Task.Delay(Timeout.InfiniteTimeSpan, _time, token), stopping.Token);
        Assert.False(running.IsCompleted);
        await stopping.CancelAsync();
        await running;
        Assert.Empty(_logs.All);
    }

    private BackgroundLoop Loop() => new("join", _logs.CreateLogger("ClusterSession.Failover"), _time);
}
