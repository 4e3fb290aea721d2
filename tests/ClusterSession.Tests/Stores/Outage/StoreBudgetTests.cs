using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Tests.Stores.Outage;

public sealed class StoreBudgetTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void What_was_waited_is_missing_from_the_next_wait()
    {
        var budget = default(StoreBudget);
        Wait(ref budget, TimeSpan.FromMilliseconds(300));
        _time.Advance(TimeSpan.FromHours(1)); // The application's own time.
        Assert.Equal(TimeSpan.FromMilliseconds(700), budget.Begin(_time, Limit).Left);
        Wait(ref budget, TimeSpan.FromMilliseconds(900));
        Assert.True(budget.Begin(_time, Limit).IsOver);
    }

    [Fact]
    public void Answers_that_come_at_once_are_no_waiting_however_many_there_are()
    {
        var budget = default(StoreBudget);
        for (var i = 0; i < 1000; i++)
        {
            Wait(ref budget, TimeSpan.FromMilliseconds(20));
        }

        Assert.Equal(Limit, budget.Begin(_time, Limit).Left);
        Assert.True(StoreBudget.IsNearlyWhole(Limit, Limit));
    }

    [Fact]
    public void What_was_given_up_counts_however_little_was_left()
    {
        var budget = default(StoreBudget);
        Wait(ref budget, TimeSpan.FromMilliseconds(980));
        Wait(ref budget, TimeSpan.FromMilliseconds(20));
        Assert.True(budget.Begin(_time, Limit).IsOver);
    }

    [Fact]
    public async Task What_is_late_is_given_up_and_what_is_not_is_not()
    {
        var answer = new TaskCompletionSource<int>();
        var deadline = new StoreDeadline(_time, Limit);
        var late = deadline.LimitAsync(new ValueTask<int>(answer.Task), -1);
        var unlimited = StoreDeadline.None.LimitAsync(new ValueTask<int>(answer.Task), -1);
        _time.Advance(Limit);
        Assert.Equal(-1, await late);
        answer.SetResult(7);
        Assert.Equal(7, await unlimited);
        Assert.Equal(7, await deadline.LimitAsync(new ValueTask<int>(answer.Task), -1));
    }

    [Fact]
    public async Task Semaphore_that_somebody_holds_is_waited_for_until_the_deadline()
    {
        using var semaphore = new SemaphoreSlim(1, 1);
        var deadline = new StoreDeadline(_time, Limit);
        Assert.True(await deadline.EnterAsync(semaphore));
        var entering = deadline.EnterAsync(semaphore);
        _time.Advance(Limit);
        Assert.False(await entering);
        semaphore.Release();
        Assert.True(await deadline.EnterAsync(semaphore));
    }

    private void Wait(ref StoreBudget budget, TimeSpan time)
    {
        var deadline = budget.Begin(_time, Limit);
        _time.Advance(time);
        budget.End(deadline, Limit);
    }
}
