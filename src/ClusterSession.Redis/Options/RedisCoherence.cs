namespace ClusterSession.Redis;

/// <summary>
/// How a node learns that another one has changed or ended a session of which it has a copy.
/// </summary>
public enum RedisCoherence
{
    /// <summary>
    /// By the server's pushes where it tracks what is read; else as <see cref="Revalidate"/>, with
    /// a warning.
    /// </summary>
    Auto,

    /// <summary>
    /// By the server's pushes. A server that does not track what is read is not used.
    /// </summary>
    Tracking,

    /// <summary>
    /// By asking: each use of a copy asks the server whether it has another version. An unchanged
    /// session moves no values, and each request waits for one round trip.
    /// </summary>
    Revalidate,
}
