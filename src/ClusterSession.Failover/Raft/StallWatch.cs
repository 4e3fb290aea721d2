namespace ClusterSession.Failover.Raft;

/// <summary>
/// Finds a server that responds and is never fed: where the installation of a snapshot is
/// acknowledged too late, the leader sends it again for ever, and the server has it already. A
/// change of the leader heals that.
/// </summary>
internal sealed class StallWatch(TimeSpan patience, TimeProvider clock)
{
    private readonly Dictionary<Uri, (long Applied, long Since)> _seen = [];

    /// <summary>Forgets everything, as when this server does not lead.</summary>
    public void Clear() => _seen.Clear();

    /// <summary>
    /// Whether a server is behind what was committed and has not moved for too long.
    /// </summary>
    /// <param name="server">Which.</param>
    /// <param name="status">What it says of itself; null: it is not responding.</param>
    /// <param name="committed">What it should have: the leader's last applied entry.</param>
    public bool IsStalled(Uri server, RaftStatus? status, long committed)
    {
        if (status is not { IsRunning: true, AppliedIndex: var index } || index >= committed)
        {
            _seen.Remove(server);
            return false;
        }

        if (!_seen.TryGetValue(server, out var seen) || seen.Applied != index)
        {
            _seen[server] = (index, clock.GetTimestamp());
            return false;
        }

        return clock.GetElapsedTime(seen.Since) >= patience;
    }
}
