namespace ClusterSession.Redis.Connection;

/// <summary>
/// How the server behind a new connection relates to the one behind the connection before.
/// </summary>
internal enum RedisContinuity
{
    /// <summary>There was none before.</summary>
    First,

    /// <summary>
    /// The same process with the same history: nothing acknowledged is lost; invalidations of the
    /// gap are.
    /// </summary>
    Same,

    /// <summary>
    /// Another process or role on the same history: the end of that history, acknowledged writes
    /// included, may be missing.
    /// </summary>
    SameHistory,

    /// <summary>
    /// Another history: a restart, with what was on disk or with nothing, or another server
    /// altogether.
    /// </summary>
    Unrelated,

    /// <summary>The server did not say enough. To be treated as <see cref="Unrelated"/>.</summary>
    Unknown,
}
