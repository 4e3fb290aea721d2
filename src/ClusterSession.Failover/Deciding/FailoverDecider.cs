namespace ClusterSession.Failover.Deciding;

/// <summary>
/// Decides what an agent does next. Pure: the same view gives the same decision, so that an agent
/// that was restarted in the midst of something finishes it.
/// </summary>
/// <remarks>
/// An agent commands its own Redis only. What it does depends on who holds the lease. Where the
/// lease is free or another's, it first closes its own Redis if that is open, before
/// <see cref="ElectionRules"/> or <see cref="ReplicaRules"/> decides; unless it takes its own lease
/// again (regain), or the cluster is in maintenance:
/// <code><![CDATA[
///        coordination store not responding             lease free
///        +------------------------------+   +----------------------------+
///        | holder: ask for promises,    |   | ElectionRules              |
///        |   close when they run out    |   |  most advanced: me? acquire|
///        | others: wait                 |   |  else wait                 |
///        +------------------------------+   +-------------+--------------+
///                                                         | acquire, with a change in the document
///           another holds it                              v
///   +-------------------------------+     +------------------------------------------------+
///   | ReplicaRules                  |     | HolderRules: I hold it                         |
///   |  I am the source? promote,    |<--->|  PromoteSource -> FollowSource -+              |
///   |    closed                     |     |  (the source's agent promotes)  v              |
///   |  ruler seen, and it has all   |     |        no source ------> PromoteTarget -> Open |
///   |    that I have? follow        |     |                                            |   |
///   |  else merge what only I have  |     |  Redis lost: release  <--  ruling  <-------+   |
///   |    into the ruler, then follow|     |                                                |
///   +-------------------------------+     +------------------------------------------------+
/// ]]></code>
/// A planned switch is the way from ruling back to "lease free", with the next master named
/// (<see cref="SwitchRules"/>): the master waits until that is ready, closes, and releases the
/// lease; for a while only the next master may take it, and afterwards the former one, as the most
/// advanced. A member with data that the ruler may lack stays closed and follows nobody until that
/// was merged, which begins when the ruler is open and the ledger names the member
/// (<see cref="Reason.Unmerged"/>). A lease that ends, in whatever step, leads back to "lease
/// free", where roles do not count: data does.
/// </remarks>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
internal sealed class FailoverDecider(FailoverTimings timings)
{
    private readonly HolderRules _holder = new(timings);
    private readonly ReplicaRules _replica = new(timings);
    private readonly ElectionRules _election = new(timings);

    /// <summary>What to do next.</summary>
    public Decision Decide(ClusterView view)
    {
        if (view.Document.Find(view.Self) is null)
        {
            return new Decision.Nothing(Reason.NotAMember);
        }

        if (view.State is not { } state)
        {
            return WithoutStore(view);
        }

        if (state.IsHeld && state.LastHolder == view.Self)
        {
            return _holder.Decide(view, state.Epoch);
        }

        if (!state.IsHeld && IsBridged(view, state.Epoch))
        {
            return view.Document.Maintenance ? AskPromisesInTime(view) : ElectionRules.Regain(view, state.Epoch);
        }

        if (view.Document.Maintenance)
        {
            // Agents change no master now. Where nobody else has had the lease since it ran out, it
            // is no change that the same process takes it again.
            return
                !state.IsHeld
                && IsRuler(view, state.Epoch)
                && view.Document.Change is null
                && view.BoundFor <= TimeSpan.Zero
                && view.Own is { IsReachable: true, IsMaster: true } ruling
                && ruling.DataEpoch == state.Epoch
                ? ElectionRules.Regain(view, state.Epoch)
                : new Decision.Nothing(Reason.Maintenance);
        }

        if (view.Own is { IsReachable: true } own && (own.HasOwnRecord || own.AdmitsClients))
        {
            return new Decision.Command(new RedisAction.Close());
        }

        return state.IsHeld ? _replica.Decide(view, state.Epoch) : _election.Decide(view, state.Epoch);
    }

    private static bool IsRuler(ClusterView view, long epoch) =>
        view.Document.Ruler is { } ruler
        && ruler.Member == view.Self
        && ruler.RunId == view.Own.RunId
        && ruler.Epoch == epoch;

    /// <summary>
    /// Whether the lease ran out at the coordination store, and promises have kept others from
    /// taking it.
    /// </summary>
    private static bool IsBridged(ClusterView view, long epoch) =>
        view.OthersBoundFor > TimeSpan.Zero
        && view.LeaseEpoch == epoch
        && IsRuler(view, epoch)
        && view.Own is { IsReachable: true, IsMaster: true };

    private Decision WithoutStore(ClusterView view)
    {
        if (view.LeaseLeft > TimeSpan.Zero || view.OthersBoundFor > TimeSpan.Zero)
        {
            return IsRuler(view, view.LeaseEpoch)
                ? AskPromisesInTime(view)
                : new Decision.Nothing(Reason.StoreUnreachable);
        }

        return
            view.Own is { IsReachable: true } own
            && (own.HasOwnRecord || own.AdmitsClients)
            && !view.Document.Maintenance
            ? new Decision.Command(new RedisAction.Close())
            : new Decision.Nothing(Reason.StoreUnreachable);
    }

    private Decision AskPromisesInTime(ClusterView view) =>
        view.OthersBoundFor < timings.Ttl - timings.Margin - 2 * timings.Interval
            ? new Decision.AskPromises()
            : new Decision.Nothing(Reason.IsMaster);
}
