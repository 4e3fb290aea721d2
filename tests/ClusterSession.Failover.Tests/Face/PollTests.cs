using ClusterSession.Failover.Agents;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Failover.Tests.Face;

public sealed class PollTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan Short = Deadline / 10;

    private readonly ManualTimeProvider _time = new();
    private readonly Poll<bool> _poll;

    public PollTests() => _poll = new Poll<bool>(false, isAlive => isAlive, Deadline, _time);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Question_that_ends_late_without_an_answer_leaves_the_party_silent(bool isFailure)
    {
        var question = await SilentAsync();
        if (isFailure)
        {
            question.SetException(new IOException("No connection in time."));
        }
        else
        {
            question.SetResult(false);
        }

        Assert.False(await IsWaitedForAsync());
    }

    [Fact]
    public async Task Party_that_answers_late_is_waited_for_again()
    {
        var question = await SilentAsync();
        await Task.Run(() => question.SetResult(true)); // Outside of xunit's context, who waits goes on within.
        Assert.True(await IsWaitedForAsync());
    }

    [Fact]
    public async Task Party_that_answers_in_time_is_waited_for_again()
    {
        await SilentAsync();
        Assert.True(await _poll.AskAsync(() => new ValueTask<bool>(true)));
        Assert.True(await IsWaitedForAsync());
    }

    [Fact]
    public async Task Party_whose_question_fails_is_not_waited_for()
    {
        Assert.False(await _poll.AskAsync(() => ValueTask.FromException<bool>(new IOException("Refused."))));
        Assert.False(await IsWaitedForAsync());
    }

    /// <summary>Asks, and lets the deadline pass.</summary>
    private async Task<TaskCompletionSource<bool>> SilentAsync()
    {
        var question = new TaskCompletionSource<bool>();
        var asked = _poll.AskAsync(() => new ValueTask<bool>(question.Task));
        _time.Advance(Deadline);
        Assert.False(await asked);
        return question;
    }

    private async Task<bool> IsWaitedForAsync()
    {
        var question = new TaskCompletionSource<bool>();
        var asked = _poll.AskAsync(() => new ValueTask<bool>(question.Task));
        _time.Advance(Short);
        await Task.Yield();
        question.SetResult(true);
        return await asked;
    }
}
