using ClusterSession.TestKit.Servers;

namespace ClusterSession.Tests.Nodes;

/// <summary>
/// Holds requests in their endpoints, with their sessions open, until the test lets them go on.
/// </summary>
internal sealed class Meeting
{
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _here;

    /// <summary>Called by an endpoint.</summary>
    public Task WaitAsync()
    {
        Interlocked.Increment(ref _here);
        return _goOn.Task;
    }

    /// <summary>Waits until so many requests are held.</summary>
    public Task AreHereAsync(int requests) =>
        Condition.HoldsAsync(
            () => Volatile.Read(ref _here) >= requests,
            $"{requests} requests have opened their session"
        );

    public void GoOn() => _goOn.TrySetResult();
}
