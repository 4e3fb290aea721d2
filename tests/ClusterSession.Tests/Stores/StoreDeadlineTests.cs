using ClusterSession.Stores;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Tests.Stores;

public sealed class StoreDeadlineTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void No_deadline_is_never_over()
    {
        Assert.True(StoreDeadline.None.IsNone);
        Assert.Equal((false, TimeSpan.MaxValue), (StoreDeadline.None.IsOver, StoreDeadline.None.Left));
    }

    [Fact]
    public void Deadline_is_over_when_its_time_is_and_never_negative()
    {
        var deadline = new StoreDeadline(_time, TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((false, TimeSpan.FromSeconds(1)), (deadline.IsOver, deadline.Left));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal((true, TimeSpan.Zero), (deadline.IsOver, deadline.Left));
    }

    [Fact]
    public async Task Late_answer_is_replaced_and_one_in_time_is_not()
    {
        var deadline = new StoreDeadline(_time, TimeSpan.FromSeconds(1));
        var answer = new TaskCompletionSource<string>();
        var limited = deadline.LimitAsync(new ValueTask<string>(answer.Task), "late").AsTask();
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("late", await limited);

        answer.SetResult("answer");
        Assert.Equal("answer", await deadline.LimitAsync(new ValueTask<string>(answer.Task), "late"));
    }
}
