using System.Globalization;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Verdicts;

/// <summary>
/// What needs attention, the most urgent first. Every name is a heading of the page.
/// </summary>
internal static class AlarmRules
{
    private static readonly string[] OfMembers =
    [
        "member-not-responding",
        "redis-not-responding",
        "agent-not-responding",
        "replica-not-following",
        "unmerged-data",
    ];

    /// <summary>
    /// All alarms, in the order in which they have to be dealt with. An alarm that follows from
    /// others names them as its causes.
    /// </summary>
    public static IReadOnlyList<Alarm> Of(ClusterFacts facts, IReadOnlyList<AgentView> asked)
    {
        Alarm[] all =
        [
            .. Masters(facts),
            .. Views(facts, asked),
            .. Agent(facts),
            .. Store(facts),
            .. StoreMembers(facts, asked),
            .. Change(facts),
            .. Members(facts),
            .. Maintenance(facts),
            .. Flapping(facts),
            .. Incomplete(facts),
            .. Unmerged(facts),
            .. Redundancy(facts),
        ];
        return
        [
            .. all.Select(alarm =>
                all.Select(cause => cause.Name).Where(Roots(facts, alarm).Contains).Distinct().ToArray()
                    is { Length: > 0 } causes
                    ? alarm with
                    {
                        Causes = causes,
                    }
                    : alarm
            ),
        ];
    }

    /// <summary>
    /// The names of the alarms from which an alarm can follow. "flapping" is among them only where
    /// a member is passed over now in favour of another one.
    /// </summary>
    private static string[] Roots(ClusterFacts facts, Alarm alarm) =>
        alarm.Name switch
        {
            "no-master" =>
            [
                "store-unreachable",
                "store-lost",
                "maintenance",
                .. facts.Barred().Any() ? ["flapping"] : (string[])[],
                .. OfMembers,
            ],
            "nobody-to-promote" => OfMembers,
            _ => [],
        };

    private static IEnumerable<Alarm> Masters(ClusterFacts facts)
    {
        if (facts.Masters.Count > 1)
        {
            yield return new Alarm(
                "two-masters",
                $"{Words.List(facts.Masters.Select(one => one.Name))} are both seen open for writes.",
                "Ask again in a few seconds. If this stays, stop the Redis that does not hold the lease."
            );
        }
        else if (facts.Master is null && facts.Status is { Change: null, Switch: null, LookedAt: not null })
        {
            yield return new Alarm(
                "no-master",
                "No master takes writes.",
                "See the first lines: they say why, and what to do."
            );
        }
    }

    private static IEnumerable<Alarm> Views(ClusterFacts facts, IReadOnlyList<AgentView> asked)
    {
        foreach (var other in asked.Where(view => view.Status is { } seen && seen != facts.Status))
        {
            var theirs = new ClusterFacts(other.Status!);
            if (theirs is { IsStandingStill: false, Master: { } master } && master.Name != facts.Master?.Name)
            {
                yield return new Alarm(
                    "views-differ",
                    $"The agent of {theirs.Status.Self} sees {master.Name} as the master, the agent of "
                        + $"{facts.Status.Self} {facts.Master?.Name ?? "none"}.",
                    "Ask again in a few seconds. If this stays, the network between the members is cut: see that every "
                        + "agent reaches every Redis and every other agent."
                );
            }
        }

        var members = facts.Status.Members.Where(member => !member.IsAgentAlive).Select(member => member.Agent);
        foreach (var silent in asked.Where(view => view.Problem is not null && !members.Any(view.Agent.IsSameAs)))
        {
            yield return new Alarm(
                "agent-not-asked",
                $"The agent at {silent.Name} {silent.Problem}, and the others see it alive or do not " + "know it.",
                $"See that this computer reaches the agent at {silent.Name}, and that its address is right."
            );
        }
    }

    private static IEnumerable<Alarm> Agent(ClusterFacts facts)
    {
        if (facts.IsStandingStill)
        {
            yield return new Alarm(
                "agent-stands-still",
                $"The agent of {facts.Status.Self} responds and does not look at its cluster.",
                $"Restart the agent of {facts.Status.Self}, and look at its log."
            );
        }

        if (facts.Status.Trouble is { } trouble)
        {
            yield return new Alarm("agent-trouble", trouble, $"Look at the log of the agent of {facts.Status.Self}.");
        }
    }

    private static IEnumerable<Alarm> Change(ClusterFacts facts)
    {
        if (facts.IsChangeStuck)
        {
            var target = facts.Status.Change?.Target ?? facts.Status.Switch?.To ?? "every candidate";
            yield return new Alarm(
                "change-stuck",
                $"The change to {target} stands at one step for longer than "
                    + $"{Words.Duration(ClusterFacts.LongestStep)}.",
                $"Look at the log of the agent of {target}, and see that its Redis responds."
            );
        }

        if (facts.Status.Change is { LacksNewerData: true } change)
        {
            yield return new Alarm(
                "incomplete-failover",
                $"{change.Target} becomes master without newer data that is known to exist.",
                "Start the members that are not responding, and do not wipe them: they stay closed until what they "
                    + "have was merged."
            );
        }
    }

    private static IEnumerable<Alarm> Store(ClusterFacts facts)
    {
        if (facts.Status is { LookedAt: not null, Store.IsReachable: false })
        {
            yield return new Alarm(
                "store-unreachable",
                $"The coordination store is not responding to the agent of {facts.Status.Self}"
                    + (
                        facts.Master is { } master
                            ? $": {master.Name} goes on only as long as every other agent promises to take no lease."
                            : "."
                    ),
                facts.Status.Store.Name is { } name
                    ? StoreStatus.Remedy(name)
                    : "Start those members of the coordination store that are down, of which two must reach each "
                        + $"other: {Words.StoreMembers(facts.Status)}."
            );
        }

        if (facts.LaterData is { } later)
        {
            yield return new Alarm(
                "store-lost",
                $"The coordination store was lost or set back: its last lease is of epoch {facts.Status.Lease.Epoch}, "
                    + $"and data in sight of epoch {later}.",
                $"See the plan of this command, when every member that has data responds: {Words.Command} raise-epoch "
                    + "--plan"
            );
        }
    }

    /// <summary>
    /// The leader of the store knows who of it is away; agents have alarms of their own.
    /// </summary>
    private static IEnumerable<Alarm> StoreMembers(ClusterFacts facts, IReadOnlyList<AgentView> asked)
    {
        var status = facts.Status;
        var silent = status.Store.Silent
            ?? asked.Select(view => view.Status?.Store.Silent).FirstOrDefault(one => one is not null);
        if (
            status.Store is { IsReachable: true, Voter: { } voter }
            && Uri.TryCreate(voter, UriKind.Absolute, out var address)
            && silent?.Any(address.IsSameAs) is true
        )
        {
            yield return new Alarm(
                "voter-not-responding",
                $"The voter ({voter}) is not responding to the leader of the coordination store. If one more of its "
                    + "three servers fails, nobody is promoted, and the master closes.",
                "Start the voter on its host, or see why the agents do not reach it."
            );
        }
    }

    /// <summary>
    /// It lasts until that data was merged, discarded, or forgotten with its member.
    /// </summary>
    private static IEnumerable<Alarm> Incomplete(ClusterFacts facts)
    {
        var lines = facts
            .Ledger.SelectMany(lines => lines)
            .Where(line => line is { IsNewer: true, IsDiscarded: false });
        foreach (var line in facts.Status.Change is { LacksNewerData: true } ? [] : lines)
        {
            var isSilent = facts.Status.Members.Any(member => member.Name == line.Member && !member.IsReachable);
            yield return new Alarm(
                "incomplete-failover",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The cluster went on without newer data that is known to exist: what {line.Member} has got under "
                        + $"epoch {line.Epoch} is missing{LastKnown(facts)}."
                ),
                (isSilent ? $"Start {line.Member}, and do not wipe it. " : "") + DataLoss.Keep(facts, line.Member)
            );
        }
    }

    private static IEnumerable<Alarm> Unmerged(ClusterFacts facts)
    {
        foreach (var line in facts.Ledger.SelectMany(lines => lines).Where(ClusterFacts.IsUnresolved))
        {
            yield return new Alarm(
                "unmerged-data",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{line.Member} holds data of epoch {line.Epoch} that {facts.Master?.Name ?? "the next master"} "
                        + $"may lack. {DataLoss.Stays(facts, line.Member)} Its data has been out of touch since "
                        + $"{Words.Time(line.Since)}{LastKnown(facts)}."
                ),
                DataLoss.Keep(facts, line.Member)
            );
        }
    }

    private static IEnumerable<Alarm> Members(ClusterFacts facts)
    {
        foreach (var member in facts.Status.Members)
        {
            if (member is { IsReachable: false, IsAgentAlive: false })
            {
                yield return new Alarm(
                    "member-not-responding",
                    $"Neither the Redis of {member.Name} ({member.Redis}) nor its agent ({member.Agent}) is "
                        + "responding.",
                    $"Start Redis and agent of {member.Name}, or see why the host cannot be reached. "
                        + DataLoss.Forget(facts, member)
                );
            }
            else if (!member.IsReachable)
            {
                yield return new Alarm(
                    "redis-not-responding",
                    $"The Redis of {member.Name} ({member.Redis}) is not responding.",
                    member.IsRefused
                        ? $"The Redis of {member.Name} does not run, and its agent does. Start it with its data."
                        : $"It runs and does not respond, or is cut off; its agent runs. Look at the process of Redis "
                            + $"on the host of {member.Name}, and restart it only if it is stuck."
                );
            }
            else if (!member.IsAgentAlive)
            {
                yield return new Alarm(
                    "agent-not-responding",
                    $"The agent of {member.Name} ({member.Agent}) is not responding: its Redis cannot be promoted"
                        + (member == facts.Master ? ", and closes when its lease record expires." : "."),
                    $"Start the agent of {member.Name} on its host (the unit {member.Name}-agent, or {Words.Command} "
                        + "agent --config)."
                );
            }

            if (IsAstray(facts, member))
            {
                yield return new Alarm(
                    "replica-not-following",
                    $"{member.Name} {facts.Deficit(member)}.",
                    $"Wait if it was just started. If this stays, look at the log of the agent of {member.Name}."
                );
            }
        }
    }

    /// <summary>It is up, nothing of its data forbids it to follow, and it does not.</summary>
    private static bool IsAstray(ClusterFacts facts, ClusterMemberStatus member) =>
        facts is { Master: { } master, Status: { Change: null, Switch: null } }
        && member != master
        && member.Role is MemberRole.Closed or MemberRole.Replica
        && !facts.IsFollowing(member)
        && !facts.IsUnmerged(member);

    private static IEnumerable<Alarm> Redundancy(ClusterFacts facts)
    {
        if (facts.Master is { } master && facts.Status.Members.Count > 1 && !facts.Candidates().Any(facts.IsFollowing))
        {
            yield return new Alarm(
                "nobody-to-promote",
                $"No candidate could be promoted now if {master.Name} failed.",
                $"{Redundant.Remedy(facts)} Until then do not stop {master.Name}."
            );
        }
    }

    private static IEnumerable<Alarm> Flapping(ClusterFacts facts)
    {
        foreach (var line in facts.Status.Promotions.Where(line => line.IsBarred))
        {
            yield return new Alarm(
                "flapping",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{line.Member} was promoted {line.Count} times within the flapping window, last "
                        + $"{Words.Time(line.Last)}, and is passed over {Words.Until(line)} where another candidate "
                        + $"has its data{LastKnown(facts)}."
                ),
                $"See why its masters failed: {Words.Command} history, and the log of Redis on {line.Member}. To "
                    + $"promote it all the same: {Words.Command} now"
            );
        }
    }

    private static IEnumerable<Alarm> Maintenance(ClusterFacts facts)
    {
        if (facts.Status.IsMaintenance)
        {
            yield return new Alarm(
                "maintenance",
                "Maintenance is on"
                    + (facts.Status.MaintenanceSince is { } since ? $" since {Words.Since(since, facts.Now)}" : "")
                    + ": nothing is decided, and nobody is promoted.",
                facts.Master is null
                    ? "See the first lines: they say what to do before it is switched off."
                    : $"When the work is done: {Words.Command} maintenance off"
            );
        }
    }

    /// <summary>The end of a sentence on what only the store knows.</summary>
    private static string LastKnown(ClusterFacts facts) =>
        facts.Status.Store.IsReachable ? "" : $", as the agent of {facts.Status.Self} knew it last";

    private static bool IsSameAs(this Uri address, string other) =>
        Uri.TryCreate(other, UriKind.Absolute, out var parsed)
        && Uri.Compare(
            address,
            parsed,
            UriComponents.HostAndPort,
            UriFormat.Unescaped,
            StringComparison.OrdinalIgnoreCase
        ) == 0;
}
