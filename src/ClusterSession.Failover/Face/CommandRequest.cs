namespace ClusterSession.Failover.Face;

/// <summary>POST /cluster/commands.</summary>
/// <param name="Command">
/// maintenance-on, maintenance-off, switch, failover, adopt, raise-epoch, forget, discard, reinit.
/// </param>
/// <param name="Member">The member that it concerns: of switch, forget, discard and reinit.</param>
/// <param name="Plan">Whether to say what would be done, and to do nothing.</param>
/// <param name="Discards">Of failover: members whose data is discarded for it.</param>
internal sealed record CommandRequest(
    string? Command,
    string? Member = null,
    bool Plan = false,
    IReadOnlyList<string>? Discards = null
);
