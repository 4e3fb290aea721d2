namespace ClusterSession.TestKit.Faults;

/// <summary>
/// What one direction of a proxied link does to the bytes that pass. The default passes them
/// untouched.
/// </summary>
public sealed record LinkState
{
    public static readonly LinkState Healthy = new();

    /// <summary>
    /// Nothing passes, not even the end of the stream. What arrives meanwhile waits in order.
    /// </summary>
    public bool Blocked { get; init; }

    public TimeSpan Delay { get; init; }

    /// <summary>
    /// Up to this much is added to <see cref="Delay"/>, drawn per chunk from the proxy's seed.
    /// Order is kept.
    /// </summary>
    public TimeSpan Jitter { get; init; }

    public long? BytesPerSecond { get; init; }

    /// <summary>The largest number of bytes handed to one send call.</summary>
    public int? SliceBytes { get; init; }

    /// <summary>One bit is flipped in each run of this many bytes.</summary>
    public int? CorruptEveryBytes { get; init; }
}
