using System.Collections.Concurrent;
using ClusterSession.Stores;

namespace ClusterSession.TestKit.Stores;

/// <summary>
/// A store whose answers a test holds back: the operation has happened, its answer is on its way.
/// </summary>
public sealed class GatedStore(IClusterSessionStore inner) : ForwardingStore(inner)
{
    private readonly ConcurrentQueue<TaskCompletionSource> _held = new();

    /// <summary>Which operations' answers are held back.</summary>
    public StoreOperations Holding { get; set; }

    /// <summary>How many answers are held back now.</summary>
    public int Held => _held.Count;

    /// <summary>Lets the oldest answer arrive.</summary>
    public void ReleaseOne()
    {
        if (_held.TryDequeue(out var gate))
        {
            gate.SetResult();
        }
    }

    /// <summary>Lets all answers arrive and holds no more.</summary>
    public void Open()
    {
        Holding = StoreOperations.None;
        while (_held.TryDequeue(out var gate))
        {
            gate.SetResult();
        }
    }

    protected override async ValueTask<T> OnAsync<T>(
        StoreOperations operation,
        Func<ValueTask<T>> ask,
        Func<StoreFailure, T> unavailable
    )
    {
        var answer = await ask();
        if ((Holding & operation) != 0)
        {
            var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _held.Enqueue(gate);
            await gate.Task;
        }

        return answer;
    }
}
