namespace ClusterSession.TestKit.Faults;

/// <summary>What one direction of a proxy has seen. Thread-safe; only ever grows.</summary>
public sealed class LinkCounters
{
    private long _received;
    private long _forwarded;
    private long _swallowed;
    private long _sends;
    private long _corrupted;

    /// <summary>Bytes read from the sender, forwarded or not.</summary>
    public long Received => Volatile.Read(ref _received);

    public long Forwarded => Volatile.Read(ref _forwarded);

    /// <summary>Bytes read and thrown away by a dropped reply.</summary>
    public long Swallowed => Volatile.Read(ref _swallowed);

    public long Sends => Volatile.Read(ref _sends);

    public long CorruptedBytes => Volatile.Read(ref _corrupted);

    internal void AddReceived(int bytes) => Interlocked.Add(ref _received, bytes);

    internal void AddForwarded(int bytes)
    {
        Interlocked.Add(ref _forwarded, bytes);
        Interlocked.Increment(ref _sends);
    }

    internal void AddSwallowed(int bytes) => Interlocked.Add(ref _swallowed, bytes);

    internal void AddCorrupted() => Interlocked.Increment(ref _corrupted);
}
