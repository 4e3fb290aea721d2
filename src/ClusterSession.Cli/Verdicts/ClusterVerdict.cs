using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Verdicts;

/// <summary>
/// From what agents answer to what a person needs to know: one sentence, why, what happens by
/// itself, what to do. Pure.
/// </summary>
internal static class ClusterVerdict
{
    private const string NothingToDo = "Nothing.";

    /// <summary>By one agent's answer, and what became of the questions to others.</summary>
    public static Verdict Of(ClusterStatus status, IReadOnlyList<AgentView>? asked = null)
    {
        var facts = new ClusterFacts(status);
        var alarms = AlarmRules.Of(facts, asked ?? []);
        return facts switch
        {
            { Status.LookedAt: null } => NotLooked(facts, alarms),
            { Masters.Count: > 1 } => TwoMasters(facts, alarms),
            { Master: not null, IsStandingStill: true } => OldLook(facts, alarms),
            { Master: { } master } => Mastered(facts, master, alarms),
            _ => Masterless.Of(facts, alarms),
        };
    }

    /// <summary>No agent answered.</summary>
    public static Verdict OfNobody(IReadOnlyList<AgentView> asked) =>
        new(
            Health.Unknown,
            "No agent is responding: the state of the cluster is unknown.",
            string.Join(" ", asked.Select(view => $"{view.Name} {view.Problem}.")),
            null,
            "A Redis without its agent closes within seconds, when its lease record expires. Nodes then serve sessions "
                + "from their local copies, and replay their commits later.",
            "See that the agents run (cluster-session failover agent), and that their addresses are those given by "
                + "--agent, CLUSTERSESSION_AGENTS or --config.",
            []
        );

    private static Verdict NotLooked(ClusterFacts facts, IReadOnlyList<Alarm> alarms) =>
        new(
            Health.Down,
            $"The agent of {facts.Status.Self} has not looked at its cluster yet: the state is unknown.",
            facts.Status.Reason,
            null,
            "It looks as soon as it reaches the coordination store.",
            alarms.Count > 0 ? alarms[0].Remedy : "Ask again in a few seconds, or ask another agent with --agent.",
            alarms
        );

    private static Verdict OldLook(ClusterFacts facts, IReadOnlyList<Alarm> alarms) =>
        new(
            Health.Down,
            $"Unknown: {facts.Master!.Name} was the master "
                + $"{Words.Duration(TimeSpan.FromMilliseconds(facts.Status.LookAgeMilliseconds ?? 0))} ago, when the "
                + $"agent of {facts.Status.Self} last looked.",
            "That agent responds, and its loop stands still.",
            facts.Status.LookedAt,
            "If it held the lease, another member is promoted when the lease has run out.",
            $"Ask another agent with --agent. Restart the agent of {facts.Status.Self}.",
            alarms
        );

    private static Verdict TwoMasters(ClusterFacts facts, IReadOnlyList<Alarm> alarms) =>
        new(
            Health.Down,
            $"{facts.Masters.Count} masters: {Words.List(facts.Masters.Select(one => one.Name))} are both seen open "
                + "for writes.",
            "There is a lease record in more than one Redis. "
                + (
                    facts.Status.Ruler is { } ruler ? $"{ruler} holds the lease." : "Nobody is known to hold the lease."
                ),
            null,
            "The record of the one without lease expires within seconds, and its agent closes it.",
            "Ask again in a few seconds. If this stays, stop the Redis that does not hold the lease.",
            alarms
        );

    private static Verdict Mastered(ClusterFacts facts, ClusterMemberStatus master, IReadOnlyList<Alarm> alarms)
    {
        var health = alarms.Count == 0 ? Health.Healthy : Health.Degraded;
        var status = facts.Status;
        if (status.Change is { } change)
        {
            return new Verdict(
                Health.Degraded,
                $"{master.Name} is the master, and {ChangeSteps.Name(change)} is under way.",
                null,
                change.Since,
                "The steps that are listed below.",
                facts.IsChangeStuck ? alarms[0].Remedy : "Nothing: wait until it is done.",
                alarms
            );
        }

        if (status.Switch is { } asked)
        {
            return new Verdict(
                Health.Degraded,
                $"{master.Name} is the master, and is to hand over to {asked.To ?? "the most advanced candidate"}.",
                "A switch was asked for, by an operator or as the way back.",
                asked.Since,
                SwitchSteps.Sentence(asked),
                "Nothing: the master hands over, or retracts it and says why in the history.",
                alarms
            );
        }

        var voter = alarms.Any(alarm => alarm.Name == "voter-not-responding") ? " The voter is not responding." : "";
        var headline = $"{master.Name} is the master; {Followers(facts)}{Reservation(facts)}{voter}";
        return new Verdict(
            health,
            headline,
            null,
            null,
            status.IsMaintenance
                ? "Nothing is decided while maintenance is on: nobody is promoted if the master fails."
                : NextOf(facts),
            alarms.Count == 0 ? NothingToDo : alarms[0].Remedy,
            alarms
        )
        {
            Missing = DataLoss.Missing(facts, master),
        };
    }

    /// <summary>What else a person must know at once.</summary>
    private static string Reservation(ClusterFacts facts)
    {
        var status = facts.Status;
        var agents = status
            .Members.Where(member => member is { IsReachable: true, IsAgentAlive: false })
            .Select(member => member.Name)
            .ToArray();
        return (status.IsMaintenance ? " Maintenance is on." : "")
            + (
                status.Store.IsReachable
                    ? ""
                    : $" The coordination store is not responding to the agent of {status.Self}."
            )
            + (
                agents.Length == 0
                    ? ""
                    : $" The agent{(agents.Length == 1 ? "" : "s")} of {Words.List(agents)} "
                        + $"{(agents.Length == 1 ? "is" : "are")} not responding."
            );
    }

    private static string? NextOf(ClusterFacts facts)
    {
        var (status, master) = (facts.Status, facts.Master!.Name);
        var deaf = facts
            .Others.Where(member => !member.IsAgentAlive && member.Kind == MemberKind.Candidate)
            .Select(member => member.Name)
            .ToArray();
        if (!status.Store.IsReachable && deaf.Length > 0)
        {
            return $"{master} closes within seconds, and no Redis takes writes, unless the coordination store or the "
                + $"agent of {Words.List(deaf)} responds: without the store all other agents must promise to take "
                + "no lease.";
        }

        if (facts.Candidates().Any(facts.Following.Contains))
        {
            return WayBack(facts);
        }

        var waiting = facts
            .Following.Where(member => deaf.Contains(member.Name))
            .Select(member => member.Name)
            .ToArray();
        return $"Nobody can be promoted now if {master} fails: "
            + (waiting.Length > 0 ? $"{Words.List(waiting)} cannot be without its agent." : "no candidate follows it.");
    }

    /// <summary>That another member becomes master by itself; null: none does soon.</summary>
    private static string? WayBack(ClusterFacts facts) =>
        facts is { Status.Return: { IsOff: false } back, Master: { } master }
        && facts.Following.Any(member => member.Name == back.To)
            ? $"{back.To} is listed before {master.Name} in Members: {master.Name} hands over to it without loss, "
                + $"once it has been in step for {Words.Duration(TimeSpan.FromMilliseconds(back.InStepMilliseconds))}"
                + (back.NotBefore is { } end ? $", and not before {Words.Time(end)}." : ".")
            : null;

    private static string Followers(ClusterFacts facts)
    {
        var (all, following) = (facts.Others, facts.Following);
        var missing = all.Except(following).Select(member => $"{member.Name} {facts.Deficit(member)}");
        return (all.Count, following.Count) switch
        {
            (0, _) => "there is no other member.",
            (1, 1) => $"{all[0].Name} follows.",
            (var count, var up) when count == up => $"all {count} replicas follow.",
            (1, 0) => $"no replica follows: {missing.First()}.",
            (var count, 0) => $"none of {count} replicas follows: {string.Join("; ", missing)}.",
            (var count, var up) => $"{up} of {count} replicas {(up == 1 ? "follows" : "follow")}: "
                + $"{string.Join("; ", missing)}.",
        };
    }
}
