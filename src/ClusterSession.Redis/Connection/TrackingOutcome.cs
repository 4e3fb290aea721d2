namespace ClusterSession.Redis.Connection;

/// <summary>What a <see cref="TrackingProbe"/> has found out.</summary>
internal enum TrackingOutcome
{
    /// <summary>
    /// Nothing: the server refused, was late, or dropped the key meanwhile. To be tried again.
    /// </summary>
    NotYet,

    /// <summary>What was written was pushed once, right behind the answer.</summary>
    Proved,

    /// <summary>
    /// The server has done everything that was asked, and pushed nothing, or more than once.
    /// </summary>
    Failed,

    /// <summary>
    /// The key was pushed before it was written: the server drops what it tracks, or pushes ahead
    /// of answers.
    /// </summary>
    TooEarly,
}
