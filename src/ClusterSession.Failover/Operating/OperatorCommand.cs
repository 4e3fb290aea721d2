using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Operating;

/// <summary>What an operator asks of a cluster.</summary>
internal abstract record OperatorCommand
{
    private OperatorCommand() { }

    /// <summary>Stop deciding. Lease and record are renewed on.</summary>
    public sealed record MaintenanceOn : OperatorCommand;

    /// <summary>Decide again.</summary>
    public sealed record MaintenanceOff : OperatorCommand;

    /// <summary>Make this member master when it is ready, and lose nothing.</summary>
    /// <param name="Member">Its name.</param>
    public sealed record SwitchTo(string Member) : OperatorCommand;

    /// <summary>
    /// Make the most advanced other candidate master now: without waiting for members that are out
    /// of sight, and however often it became master lately.
    /// </summary>
    /// <param name="Discards">Members whose data is discarded for it.</param>
    public sealed record Failover(params IReadOnlyList<string> Discards) : OperatorCommand;

    /// <summary>The member no longer exists.</summary>
    /// <param name="Member">Its name.</param>
    public sealed record Forget(string Member) : OperatorCommand;

    /// <summary>
    /// Take the members of an agent's settings for those of the cluster: new ones, new addresses,
    /// their order, and forgotten ones that are there again.
    /// </summary>
    /// <param name="Members">The members of the settings.</param>
    public sealed record Adopt(IReadOnlyList<ClusterMember> Members) : OperatorCommand;

    /// <summary>Discard what only this member has: it follows the master, and is wiped.</summary>
    /// <param name="Member">Its name.</param>
    public sealed record Discard(string Member) : OperatorCommand;

    /// <summary>
    /// The coordination store was lost: let its epochs go on above those of the data in sight.
    /// </summary>
    public sealed record RaiseEpoch : OperatorCommand;

    /// <summary>Replace all data of a member by a full synchronisation.</summary>
    /// <param name="Member">Its name.</param>
    public sealed record Reinit(string Member) : OperatorCommand;
}
