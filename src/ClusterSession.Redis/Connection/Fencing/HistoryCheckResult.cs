namespace ClusterSession.Redis.Connection.Fencing;

/// <summary>
/// What a server that calls itself master is, compared with the masters seen before.
/// </summary>
internal enum HistoryCheckResult
{
    /// <summary>
    /// No master was seen before, or the server does not tell its history. Accepted.
    /// </summary>
    First,

    /// <summary>The history that is current. Accepted.</summary>
    Same,

    /// <summary>Continues the current history: a replica that was promoted. Accepted.</summary>
    Promoted,

    /// <summary>Of a newer generation than any seen. Accepted.</summary>
    Newer,

    /// <summary>
    /// A history never heard of: restarted, with its data from disk or none; or several failovers
    /// were missed. Accepted.
    /// </summary>
    Unknown,

    /// <summary>The history of a master that another one took over from. Refused.</summary>
    Deposed,

    /// <summary>Continues the history of a deposed master, not the current one. Refused.</summary>
    ForkOfDeposed,

    /// <summary>Its data is from before the last takeover that was seen. Refused.</summary>
    OlderGeneration,
}
