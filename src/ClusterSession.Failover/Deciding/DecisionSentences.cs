using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Deciding;

/// <summary>
/// What an agent decided, as a sentence for people. Without figures: the same case, the same
/// sentence.
/// </summary>
internal static class DecisionSentences
{
    public static string Of(Decision decision, ClusterView view) =>
        decision switch
        {
            Decision.Nothing nothing => Of(nothing.Why, view),
            Decision.Acquire => $"The lease is free, and {view.Self} takes it to become the master.",
            Decision.Renew => $"{view.Self} holds the lease and renews it.",
            Decision.AskPromises =>
                $"{view.Self} is the master, the coordination store is not responding, and it asks all "
                    + "other agents to take no lease for a while.",
            Decision.Release { Document.Switch: { Step: SwitchStep.HandOver, To: var to } } =>
                $"{view.Self} is closed, and releases the lease for {to ?? "the most advanced candidate"} to take.",
            Decision.Release => $"{view.Self} releases the lease, since its Redis cannot be the master: it is not "
                + "responding, is another process than the one that was opened, or a step failed.",
            Decision.Write =>
                $"{view.Self} holds the lease and writes the next step, or who has unmerged data, into the "
                    + "coordination store.",
            Decision.Command { What: var command } => Of(command),
            _ => $"{view.Self} decided {decision.GetType().Name}.",
        };

    private static string Of(RedisAction command) =>
        command switch
        {
            RedisAction.Leave => "This Redis leaves the master that it followed, and follows nobody until its data "
                + "was looked at again.",
            RedisAction.Follow follow => $"Nothing is lost by it, so this Redis follows {follow.Member}.",
            RedisAction.Merge merge => $"What only this Redis has is merged into the master {merge.Master}, before it "
                + "follows that one.",
            RedisAction.Promote => "This Redis stops following and becomes a master that is still closed.",
            RedisAction.Open => "This Redis is the master of the lease and is opened for writes.",
            RedisAction.Close => "This Redis may not take writes, and is closed.",
            _ => $"This Redis gets the command {command.GetType().Name}.",
        };

    private static string Of(Reason reason, ClusterView view) =>
        reason switch
        {
            Reason.IsMaster => $"{view.Self} is the master and holds the lease.",
            Reason.Follows => $"{view.Self} follows the master {view.Document.Ruler?.Member}.",
            Reason.Maintenance => "The cluster is in maintenance: nothing is decided until it is switched off.",
            Reason.NotAMember =>
                $"The cluster's document does not name {view.Self}, or it was forgotten: this agent does " + "nothing.",
            Reason.StoreUnreachable when view.IsFollower =>
                "No agent of the cluster is responding, or none that knows of the lease that was seen last. This Redis "
                    + "goes on following whom it follows.",
            Reason.StoreUnreachable => "The coordination store is not responding, and without it nobody is promoted.",
            Reason.RedisUnreachable => $"The Redis of {view.Self} is not responding.",
            Reason.JustStarted =>
                "The lease is free. This agent was started a moment ago and may have promised another "
                    + "one to take none, so it waits for as long as a lease lasts.",
            Reason.JustAdopted => $"The lease is free. {view.Self} became a member a moment ago, and others may have "
                + "promised the master something before they knew, so it waits for as long as a lease lasts.",
            Reason.IsBound => "This agent has promised the master to take no lease while the coordination store is not "
                + "responding.",
            Reason.Gathering =>
                $"The lease is free. Before it is taken, this agent waits a moment for {OutOfSight(view)}.",
            Reason.NewerDataOutOfReach => "The lease is free. A Redis that cannot be used may have newer data than all "
                + $"others, so it is waited for; {OutOfSight(view)} cannot be used.",
            Reason.StoreLost =>
                "The coordination store was lost or set back: it counts epochs from below those of the data, so "
                    + "that no Redis would open under its next lease.",
            Reason.NotTheTarget => "The lease is free. Another member is to take it, or nobody can.",
            Reason.ChangeUnderWay => $"A change is under way: {view.Document.Change?.Target.Member} is to become the "
                + "master, and the next step is another's or not done yet.",
            Reason.HandingOver =>
                $"The master's place is handed over to {view.Document.Switch?.To ?? "another member"}, "
                    + "and the next step is another's or not done yet.",
            Reason.GivingUp => $"{view.Self} gives its lease up, since its Redis cannot be the master, and waits until "
                + "nothing that it has sent can open that Redis.",
            Reason.RulerNotInSight =>
                $"{view.State?.LastHolder ?? "Nobody"} holds the lease, and this agent does not see its "
                    + "Redis as an open master yet.",
            Reason.Unmerged => $"{view.Self} has data that the master {view.Document.Ruler?.Member} may lack. It stays "
                + "closed, and that is merged as soon as the master is open.",
            _ => $"It waits: {reason}.",
        };

    private static string OutOfSight(ClusterView view)
    {
        var silent = view
            .Document.Present()
            .Where(member => !view.Of(member.Name).IsUsable)
            .Select(member => member.Name)
            .ToArray();
        return silent.Length == 0 ? "the others" : string.Join(", ", silent);
    }
}
