using ClusterSession.Transport.Signals;
using Xunit;

namespace ClusterSession.Tests.Transport.Signals;

public sealed class ChangeSignalTests
{
    [Fact]
    public async Task All_who_wait_are_notified_once()
    {
        var signal = new ChangeSignal();
        Task[] waiting = [signal.Next, signal.Next];
        Assert.All(waiting, static task => Assert.False(task.IsCompleted));
        signal.Set();
        await Task.WhenAll(waiting);
        Assert.False(signal.Next.IsCompleted);
    }

    [Fact]
    public async Task Change_between_looking_and_waiting_is_not_missed()
    {
        var signal = new ChangeSignal();
        var next = signal.Next;
        signal.Set();
        signal.Set();
        await next;
    }
}
