namespace ClusterSession.Failover.Face;

/// <summary>The coordination store, as one agent sees it.</summary>
/// <param name="IsReachable">Whether it responded at the last look.</param>
/// <param name="IsLeader">Whether this process leads it.</param>
/// <param name="IsVoter">Whether this process votes in it: it has data.</param>
/// <param name="Voter">Address of its server without Redis; null: there is none.</param>
/// <param name="Name">What it is and where; null: the agents, and the voter, are the store.</param>
internal sealed record StoreStatus(
    bool IsReachable,
    bool IsLeader,
    bool IsVoter,
    string? Voter = null,
    string? Name = null
)
{
    /// <summary>
    /// Addresses of its servers that do not respond to this agent, which leads it; null: it does
    /// not lead, and does not know.
    /// </summary>
    public IReadOnlyList<string>? Silent { get; init; }

    /// <summary>What makes the store of this name respond again.</summary>
    public static string Remedy(string? name) =>
        name is null
            ? "See that two of its three servers run and reach each other."
            : $"It is {name}. See that more than half of its servers run, and that this agent reaches one of them.";
}
