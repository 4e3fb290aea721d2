namespace ClusterSession.TestKit.Faults;

/// <summary>Connections and bytes of a proxy since it started. Thread-safe.</summary>
public sealed class FaultProxyCounters
{
    private long _accepted;
    private long _reset;
    private long _unreachable;
    private long _open;

    public LinkCounters ToServer { get; } = new();

    public LinkCounters ToClient { get; } = new();

    public long Accepted => Volatile.Read(ref _accepted);

    /// <summary>Connections ended by the proxy itself with a reset.</summary>
    public long Reset => Volatile.Read(ref _reset);

    /// <summary>Accepted connections whose target did not accept.</summary>
    public long Unreachable => Volatile.Read(ref _unreachable);

    public long Open => Volatile.Read(ref _open);

    internal void AddAccepted()
    {
        Interlocked.Increment(ref _accepted);
        Interlocked.Increment(ref _open);
    }

    internal void AddReset() => Interlocked.Increment(ref _reset);

    internal void AddUnreachable() => Interlocked.Increment(ref _unreachable);

    internal void AddClosed() => Interlocked.Decrement(ref _open);
}
