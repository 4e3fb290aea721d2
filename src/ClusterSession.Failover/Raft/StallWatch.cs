namespace ClusterSession.Failover.Raft;

/// <summary>
/// Finds a member that responds and is never fed: where the installation of a snapshot is
/// acknowledged too late, the leader sends it again for ever, and the member has it already. A
/// change of the leader heals that.
/// </summary>
internal sealed class StallWatch(TimeSpan patience, TimeProvider clock)
{
    private readonly Dictionary<Uri, (long Applied, long Since)> _seen = [];

    /// <summary>Forgets everything, as when this member does not lead.</summary>
    public void Clear() => _seen.Clear();

    /// <summary>
    /// Whether a member is behind what was committed and has not moved for too long.
    /// </summary>
    /// <param name="member">Which.</param>
    /// <param name="status">What it says of itself; null: it is not responding.</param>
    /// <param name="committed">What it should have: the leader's last applied entry.</param>
    public bool IsStalled(Uri member, MemberStatus? status, long committed)
    {
        if (status is not { IsRunning: true, AppliedIndex: var index } || index >= committed)
        {
            _seen.Remove(member);
            return false;
        }

        if (!_seen.TryGetValue(member, out var seen) || seen.Applied != index)
        {
            _seen[member] = (index, clock.GetTimestamp());
            return false;
        }

        return clock.GetElapsedTime(seen.Since) >= patience;
    }
}
