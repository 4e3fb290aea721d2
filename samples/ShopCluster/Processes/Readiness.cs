using System.Diagnostics;

namespace ShopCluster.Processes;

/// <summary>Waits until a process that was just started does its work.</summary>
internal static class Readiness
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(25);

    /// <summary>Asks again and again until the answer is yes; fails as soon as the process has ended, or at the deadline.</summary>
    public static async Task WaitUntilReadyAsync(this ChildProcess process, Func<Task<bool>> ready, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        while (!await ready())
        {
            if (process.HasExited)
                throw new DemoException($"{process.Name} ended as soon as it was started. Its last words:\n{process.LogTail()}");
            if (watch.Elapsed > Deadline)
                throw new DemoException($"{process.Name} was not ready within {Deadline.TotalSeconds} seconds. Its last words:\n{process.LogTail()}");
            await Task.Delay(Interval, cancellation);
        }
    }
}
