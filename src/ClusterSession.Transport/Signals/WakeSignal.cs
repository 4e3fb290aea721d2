using System.Threading.Tasks.Sources;

namespace ClusterSession.Transport.Signals;

/// <summary>
/// Wakes one loop, again and again, without allocating. At most one <see cref="Set"/> per
/// <see cref="WaitAsync"/>; its owner sees to that.
/// </summary>
internal sealed class WakeSignal : IValueTaskSource, IThreadPoolWorkItem
{
    private ManualResetValueTaskSourceCore<bool> _core;

    /// <summary>Completes with the next (or a pending) <see cref="Set"/>.</summary>
    public ValueTask WaitAsync() => new(this, _core.Version);

    /// <summary>
    /// Wakes the loop. It runs either on this thread until it waits again, or on the thread pool
    /// after all that is queued there already. What the queued work sends meanwhile goes out with
    /// the same round of the loop.
    /// </summary>
    public void Set(bool onThisThread)
    {
        if (onThisThread)
        {
            _core.SetResult(true);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    void IThreadPoolWorkItem.Execute() => _core.SetResult(true);

    void IValueTaskSource.GetResult(short token)
    {
        _core.GetResult(token);
        _core.Reset();
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags
    ) => _core.OnCompleted(continuation, state, token, flags);
}
