using ClusterSession.Transport.Signals;
using Xunit;

namespace ClusterSession.Tests.Transport.Signals;

public sealed class WakeSignalTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Loop_is_woken_again_and_again_by_one_signal(bool onThisThread)
    {
        var signal = new WakeSignal();
        for (var i = 0; i < 100; i++)
        {
            var woken = signal.WaitAsync();
            Assert.False(woken.IsCompleted);
            signal.Set(onThisThread);
            await woken;
        }
    }

    [Fact]
    public async Task Signal_that_is_set_before_anybody_waits_is_kept()
    {
        var signal = new WakeSignal();
        signal.Set(onThisThread: true);
        await signal.WaitAsync();
    }
}
