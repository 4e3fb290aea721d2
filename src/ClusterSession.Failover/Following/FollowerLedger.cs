using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Following;

/// <summary>
/// The ledger's line of a follower. The holder of the lease writes no line for a Redis that is no
/// member. So a follower keeps its own line, and removes it when the follower has everything of the
/// master.
/// </summary>
/// <remarks>
/// It does not outlast the process. After a restart, the follower's data counts as out of touch
/// since the restart; what lives longer than that is bounded by the expiry that each key has,
/// counted by the clock of the master.
/// </remarks>
/// <param name="self">Name of the follower.</param>
/// <param name="next">Hears of the looks too.</param>
internal sealed class FollowerLedger(string self, IAgentWatcher? next = null) : IAgentWatcher
{
    private DateTimeOffset? _inTouch;

    /// <summary>The line; null: nothing is known to be unmerged.</summary>
    public UnmergedData? Line { get; private set; }

    /// <summary>When the agent that answered last had looked, by its time of day.</summary>
    public DateTimeOffset AnsweredAt { get; set; }

    /// <inheritdoc/>
    public void Decided(AgentLook look)
    {
        var own = look.View.Own;
        if (look.Decision is Decision.Nothing { Why: Reason.Follows } && own.IsLinkUp)
        {
            (Line, _inTouch) = (null, AnsweredAt);
        }
        else if (look.Decision is Decision.Nothing { Why: Reason.Unmerged })
        {
            Line ??= new UnmergedData(own.DataEpoch, self, own.RunId, _inTouch ?? AnsweredAt);
        }

        if (Line is not null && look.View.Of(self).Merge is { State: MergeState.Merged, What: var what })
        {
            Line = Line with { Merged = what };
        }

        next?.Decided(look);
    }

    /// <inheritdoc/>
    public void Troubled(string reason) => next?.Troubled(reason);
}
