namespace ClusterSession;

/// <summary>Bounds of the copies of sessions that a node keeps in memory.</summary>
public sealed class LocalCopyOptions
{
    /// <summary>How many copies at most. 0 keeps none: every request asks the store.</summary>
    /// <value>Default 1,000,000; 0 to 100,000,000.</value>
    public int MaxCount { get; set; } = 1_000_000;

    /// <summary>How many bytes of sessions at most.</summary>
    /// <value>Default 512 MiB; 0 to 1 TiB.</value>
    public long MaxBytes { get; set; } = 512L * 1024 * 1024;

    /// <summary>
    /// A local copy is used without asking only while the last proof that the connection to the
    /// store is alive is no older than this. This bounds how long a change by another client can
    /// stay unseen when the connection breaks without notice; a client's own changes are never
    /// unseen.
    /// </summary>
    /// <value>Default 1 second; 0 (always ask) to 1 minute.</value>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(1);
}
