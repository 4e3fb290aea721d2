using ClusterSession.Redis.Merging;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Tests.Redis.Merging;

/// <summary>How fast a merge may go, so that clients of its servers do not feel it.</summary>
public sealed class MergePaceTests
{
    private const int PerSecond = 100;

    private readonly ManualTimeProvider _time = new();
    private readonly MergePace _pace;

    public MergePaceTests() => _pace = new MergePace(PerSecond, _time);

    [Fact]
    public async Task Thousand_records_at_a_hundred_a_second_wait_ten_seconds()
    {
        for (var batch = 0; batch < 10; batch++)
        {
            await WaitsAsync(seconds: 1, compared: 100);
        }
    }

    [Fact]
    public async Task Time_that_a_batch_took_is_not_waited_for_again()
    {
        _time.Advance(TimeSpan.FromSeconds(0.75));
        await WaitsAsync(seconds: 0.25, compared: 100);
    }

    [Fact]
    public async Task Less_than_a_second_that_was_not_used_is_made_up_for()
    {
        _time.Advance(TimeSpan.FromSeconds(1.9));
        await WaitsAsync(seconds: 0, compared: 100);
        await WaitsAsync(seconds: 0.1, compared: 100);
    }

    [Fact]
    public async Task More_than_a_second_that_was_not_used_is_not_made_up_for()
    {
        _time.Advance(TimeSpan.FromMinutes(1));
        await WaitsAsync(seconds: 0, compared: 100);
        await WaitsAsync(seconds: 1, compared: 100);
    }

    [Fact]
    public async Task Record_that_was_written_counts_as_ten_that_were_compared()
    {
        await WaitsAsync(seconds: 1.9, compared: 100, written: 10);
        await WaitsAsync(seconds: 10, compared: 100, written: 100);
    }

    [Fact]
    public async Task Wait_ends_when_the_merge_is_cancelled()
    {
        using var cancellation = new CancellationTokenSource();
        var waiting = _pace.AfterAsync(1000, 0, cancellation.Token);
        Assert.False(waiting.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private async Task WaitsAsync(double seconds, long compared, long written = 0)
    {
        var last = TimeSpan.FromMilliseconds(1);
        var waiting = _pace.AfterAsync(compared, written, CancellationToken.None);
        if (seconds > 0)
        {
            _time.Advance(TimeSpan.FromSeconds(seconds) - last);
            Assert.False(waiting.IsCompleted, "it waits for no less");
            _time.Advance(last);
            await waiting.WaitAsync(TimeSpan.FromSeconds(10));
        }
        else
        {
            Assert.True(waiting.IsCompletedSuccessfully, "it does not wait");
        }
    }
}
