namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>A process that can be frozen, in which case what reaches it waits, or killed.</summary>
internal sealed class SimProcess
{
    private readonly Queue<Action> _waiting = new();

    public bool IsPaused { get; private set; }

    public bool IsDead { get; private set; }

    public bool IsRunning => !IsPaused && !IsDead;

    /// <summary>Runs it in the process: now, when it thaws, or never.</summary>
    public void Deliver(Action action)
    {
        if (IsPaused && !IsDead)
        {
            _waiting.Enqueue(action);
        }
        else if (!IsDead)
        {
            action();
        }
    }

    public void Pause() => IsPaused = true;

    public void Thaw()
    {
        IsPaused = false;
        while (IsRunning && _waiting.TryDequeue(out var action))
        {
            action();
        }
    }

    public void Kill()
    {
        IsDead = true;
        _waiting.Clear();
    }
}
