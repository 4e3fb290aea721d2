using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Verdicts;

/// <summary>No master takes writes: why, what happens next, what to do.</summary>
internal static class Masterless
{
    private const string Copies =
        "Until then nodes serve sessions from their local copies and keep their commits (for "
        + "how long: docs/operations/store-down.md).";

    public static Verdict Of(ClusterFacts facts, IReadOnlyList<Alarm> alarms)
    {
        var (why, next, toDo) = Explain(facts);
        var status = facts.Status;
        return new Verdict(
            facts.IsPlanned ? Health.Degraded : Health.Down,
            Headline(facts),
            why,
            Since(status),
            next,
            toDo,
            alarms
        );
    }

    private static string Headline(ClusterFacts facts)
    {
        var status = facts.Status;
        return status switch
        {
            { Change: { } change } =>
                $"No master at this moment: {ChangeSteps.Name(change).TrimEnd(',')} is under way.",
            { Switch: { } asked } => "No master at this moment: a switch to "
                + $"{asked.To ?? "the most advanced candidate"} is under way.",
            { IsMaintenance: true } => "No master, and none is chosen: maintenance is on.",
            { Store.IsReachable: false } => $"No master is known to the agent of {status.Self}: the coordination store "
                + "is not responding to it.",
            _ when facts.LaterData is not null =>
                "No master: the coordination store was lost or set back, and no Redis opens under its leases.",
            { Lease: { IsHeld: true, Holder: { } holder } } when IsAgentSilent(facts, holder) =>
                $"No master: the agent of {holder} is not responding, so its Redis has closed.",
            { Lease: { IsHeld: true, Holder: { } holder } } => $"No master: {holder} holds the lease, and its Redis "
                + $"{HolderDeficit(facts, holder)}.",
            _ when Newer(facts) is { Length: > 0 } newer && facts.Candidates().Any() =>
                $"No master: {Words.List(newer)} may have newer data than all others, and cannot be used.",
            _ when facts.Candidates().Any() => "No master at this moment: the lease is free, and a member takes it.",
            _ => "No master: no member can be promoted.",
        };
    }

    private static (string Why, string Next, string ToDo) Explain(ClusterFacts facts)
    {
        var status = facts.Status;
        if (status.Change is { } change)
        {
            return (
                ChangeSteps.IsPlanned(change)
                    ? "A switch was asked for, by an operator or as the way back."
                    : Missing(facts) ?? status.Reason,
                $"The steps that are listed below; then {change.Target} is the master. {Copies}",
                facts.IsChangeStuck
                    ? $"Look at the log of the agent of {change.Target}, and see that its Redis responds."
                    : "Nothing: this takes seconds. Ask again, or see: " + Words.Command + " history"
            );
        }

        if (status.Switch is { } asked)
        {
            return (
                "A switch was asked for, by an operator or as the way back.",
                $"{SwitchSteps.Sentence(asked)} {Copies}",
                asked.From is { } from
                    ? $"Nothing: this takes seconds at most. If a step fails, {from} takes its place as master back."
                    : "Nothing: this takes seconds at most. If the lease is not taken in time, another member takes "
                        + "it."
            );
        }

        if (status.IsMaintenance)
        {
            return (
                Missing(facts) ?? status.Reason,
                $"Nothing, until maintenance is switched off. {Copies}",
                EndOfMaintenance(facts)
            );
        }

        if (!status.Store.IsReachable)
        {
            return (
                status.Store.Name is null
                    ? "Two of the three servers of the coordination store do not reach each other, or this agent is "
                        + $"cut off from them. Its members are {Words.StoreMembers(status)}."
                    : $"The coordination store, {status.Store.Name}, is down, or this agent is cut off from it.",
                $"Without the store nobody is promoted. As soon as {Words.StoreMajority(status)} reach each other, a "
                    + "member that may be promoted takes the lease. "
                    + string.Concat(facts.Barred().Select(line => Words.Bar(line, " then") + ". "))
                    + Copies,
                "Start those servers of the store that are down, or mend the network between them. Ask another agent "
                    + "with --agent: this one may be the one that is cut off."
            );
        }

        if (facts.LaterData is { } later)
        {
            return (
                $"The data in sight is of epoch {later}, and the coordination store has granted no lease above "
                    + $"{status.Lease.Epoch}: it counts anew, or is an old copy.",
                $"Nothing by itself: which data is the newest is yours to confirm. {Copies}",
                "If a copy of the store is newer, put that in place. Else start every member that has data, see with "
                    + $"--plan what follows, and let epochs go on above it: {Words.Command} raise-epoch"
            );
        }

        if (status.Lease is { IsHeld: true, Holder: { } holder })
        {
            return IsAgentSilent(facts, holder)
                ? (
                    $"{holder} holds the lease for some seconds more (Ttl, 3 s unless it was set otherwise), and its "
                        + "agent does not renew it.",
                    $"It runs out, and another member takes it. {Copies}",
                    $"Start the agent of {holder}. The others go on without it."
                )
                : (
                    status.Reason,
                    "If it is not open within StepWait (5 s unless it was set otherwise), its agent releases the "
                        + $"lease, and another member takes it. {Copies}",
                    $"Nothing for some seconds. If this stays, look at the log of the agent of {holder}."
                );
        }

        return Free(facts);
    }

    private static (string Why, string Next, string ToDo) Free(ClusterFacts facts)
    {
        var candidates = facts.Candidates().Select(member => member.Name).ToArray();
        if (candidates.Length == 0)
        {
            return (
                string.Join(" ", facts.Others.Select(member => $"{member.Name} {CannotBecome(facts, member)}.")),
                "As soon as a candidate and its agent respond, the one with the newest data is promoted. " + Copies,
                "Start the Redis and the agent of a member, the one that was master last before all others."
            );
        }

        if (Newer(facts) is { Length: > 0 } newer)
        {
            return (
                Missing(facts) ?? facts.Status.Reason,
                $"{Words.List(newer)} {(newer.Length == 1 ? "is" : "are")} waited for (NewerDataWait, 10 s unless it "
                    + $"was set otherwise). Then {Words.List(candidates)} goes on without that data, and an alarm says "
                    + "so. "
                    + Copies,
                $"Start {Words.List(newer)}, Redis and agent, before that: its data is kept then. If that cannot be, "
                    + "nothing else is to be done."
            );
        }

        return (
            Missing(facts) ?? facts.Status.Reason,
            $"Within a second or two {(candidates.Length == 1 ? "" : "one of ")}{Words.List(candidates)} is promoted. "
                + string.Concat(facts.Barred().Select(line => Words.Bar(line) + ". "))
                + Copies,
            "Nothing. Ask again in a few seconds."
        );
    }

    /// <summary>
    /// Members that are out of sight, or unmerged, and whose data is of a higher epoch.
    /// </summary>
    private static string[] Newer(ClusterFacts facts)
    {
        var best = facts.Candidates().Select(member => member.DataEpoch).DefaultIfEmpty(0).Max();
        return
        [
            .. facts
                .Others.Where(member =>
                    (
                        facts.EpochOf(member) > best
                        && !facts.Status.Discards.Contains(member.Name)
                        && (!member.IsReachable || !member.IsAgentAlive)
                    ) || facts.Ledger[member.Name].Any(line => line.Epoch > best && !line.IsDiscarded)
                )
                .Select(member => member.Name),
        ];
    }

    /// <summary>
    /// A Redis that was restarted is another process, which no agent opens during maintenance; one
    /// that was out of reach goes on under the lease that its agent has kept.
    /// </summary>
    private static string EndOfMaintenance(ClusterFacts facts)
    {
        var status = facts.Status;
        var last = facts.Others.FirstOrDefault(member => member.Name == (status.Ruler ?? status.Lease.Holder));
        var end = $"{Words.Command} maintenance off";
        return last is not { IsReachable: false }
            ? $"See with --plan what follows, then switch it off: {end}"
            : $"First bring back the Redis of {last.Name} with its data. "
                + "If its process still runs, and only could not be reached, it goes on as master. If it was started "
                + "anew, it stays closed during maintenance. "
                + "Then, or if it cannot be brought back, switch maintenance off: the newest data in sight becomes the "
                + $"cluster's, and what {last.Name} had not sent may be missing from it. Add --plan to see that first: "
                + end;
    }

    private static string? Missing(ClusterFacts facts)
    {
        var missing = facts
            .Others.Where(member => member.Role == MemberRole.Unreachable || facts.IsUnmerged(member))
            .Select(member => $"{member.Name} {facts.Deficit(member)}")
            .ToArray();
        return missing.Length == 0 ? null : string.Join("; ", missing) + ".";
    }

    private static string CannotBecome(ClusterFacts facts, ClusterMemberStatus member) =>
        member switch
        {
            { IsReachable: false } => facts.Deficit(member),
            { IsAgentAlive: false } => "responds, and its agent does not",
            { Kind: Failover.Documents.MemberKind.ReadReplica } => "is a read replica, which never becomes master",
            _ when facts.IsUnmerged(member) => facts.Deficit(member),
            _ => "cannot be promoted",
        };

    /// <summary>Whether the holder's agent does not respond to the agent that answered.</summary>
    private static bool IsAgentSilent(ClusterFacts facts, string holder) =>
        facts.Status.Members.Any(member => member.Name == holder && !member.IsAgentAlive);

    private static string HolderDeficit(ClusterFacts facts, string holder) =>
        facts.Status.Members.FirstOrDefault(member => member.Name == holder) switch
        {
            null => "belongs to no member",
            { IsReachable: false } member => facts.Deficit(member),
            _ => "is not open for writes yet",
        };

    private static DateTimeOffset? Since(ClusterStatus status) => status.Change?.Since ?? status.Switch?.Since;
}
