using System.Globalization;
using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Sights;
using Spectre.Console;

namespace ClusterSession.Cli.Output;

/// <summary>
/// The state of a cluster for a person who has never seen it: the sentence first, figures below.
/// </summary>
internal sealed class StatusPage(Page page)
{
    private static readonly string[] Heads = ["Member", "Redis", "Agent", "Behind", "Epoch", "Data"];

    /// <summary>Verdict alone, as where no agent answered.</summary>
    public void Add(Verdict verdict)
    {
        page.Text(verdict.Headline, ColourOf(verdict.Health), isBold: true);
        page.Pairs(Reasons(verdict, null));
    }

    public void Add(Verdict verdict, ClusterStatus status)
    {
        var facts = new ClusterFacts(status);
        page.Text(verdict.Headline, ColourOf(verdict.Health), isBold: true);
        page.Pairs(Reasons(verdict, facts.Now));
        page.Blank();
        page.Text(Title(status), isBold: true);
        page.Table(Heads, status.Members.Select(member => Row(facts, member)));
        page.Text("  Epoch: number of the lease under which its data was written; the higher, the newer.");
        if (status.Members.Any(member => member.Role == MemberRole.Closed))
        {
            page.Text("  closed: takes no writes of nodes and follows nobody until its agent decides.");
        }

        page.Blank();
        page.Pairs(Figures(status, facts));
        if (status.Change is { } change)
        {
            AddChange(change, facts);
        }

        AddLedger(status, facts);
        AddAlarms(verdict);
    }

    private static IEnumerable<(string, string)> Reasons(Verdict verdict, DateTimeOffset? now)
    {
        if (verdict.Why is { } why)
        {
            yield return ("Why", why);
        }

        if (verdict.Missing is { } missing)
        {
            yield return ("Missing", missing);
        }

        if (verdict.Since is { } since)
        {
            yield return ("Since", Words.Since(since, now));
        }

        if (verdict.Next is { } next)
        {
            yield return ("Next", next);
        }

        yield return ("To do", verdict.ToDo);
    }

    private static string Title(ClusterStatus status) =>
        $"Cluster {status.Cluster}, as the agent of {status.Self} sees it"
        + (
            status.LookAgeMilliseconds is { } age
                ? $" (it looked {Words.Duration(TimeSpan.FromMilliseconds(age))} ago)"
                : ""
        );

    private static (string, Color?)[] Row(ClusterFacts facts, ClusterMemberStatus member) =>
        [
            (member.Name, null),
            RoleOf(facts, member),
            (member.IsAgentAlive ? "alive" : "not responding", member.IsAgentAlive ? null : Color.Red),
            (
                member == facts.Master ? "-"
                : member.LagBytes is { } lag ? Words.Bytes(lag)
                : "unknown",
                null
            ),
            (member.IsReachable ? member.DataEpoch.ToString(CultureInfo.InvariantCulture) : "unknown", null),
            (Holds(facts, member), facts.IsUnmerged(member) ? Color.Red : null),
        ];

    private static (string, Color?) RoleOf(ClusterFacts facts, ClusterMemberStatus member)
    {
        var kind = member.Kind == MemberKind.ReadReplica ? " (read only)" : "";
        return member.Role switch
        {
            MemberRole.Master => ("master", Color.Green),
            MemberRole.Replica when !member.IsLinkUp => ($"replica, not connected{kind}", Color.Yellow),
            MemberRole.Replica when !facts.IsFollowing(member) => (
                $"replica of {member.Follows ?? "another"}{kind}",
                Color.Yellow
            ),
            MemberRole.Replica => ($"replica{kind}", null),
            MemberRole.Closed => ($"closed{kind}", Color.Yellow),
            _ => ($"not responding{kind}", Color.Red),
        };
    }

    private static string Holds(ClusterFacts facts, ClusterMemberStatus member)
    {
        if (facts.Ledger[member.Name].FirstOrDefault() is { } line)
        {
            return line.IsDiscarded ? "discarded by the operator; it is replaced when it follows"
                : line.IsContained ? $"nothing that {facts.Master?.Name} lacks; follows when its agent runs"
                : member.Merge is { State: MergeState.Running } merge ? Words.Merging(merge)
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"of epoch {line.Epoch}, which {facts.Master?.Name ?? "the next master"} may lack in part"
                );
        }

        return member switch
        {
            _ when member == facts.Master => "written here",
            { IsReachable: false } => "unknown",
            _ when facts.Master is null => "not compared: no master",
            _ when !facts.IsFollowing(member) => "may be old",
            { LagBytes: 0 } => "complete",
            { LagBytes: > 0 } => "complete but for what is on its way",
            _ => "as of the master",
        };
    }

    private static IEnumerable<(string, string)> Figures(ClusterStatus status, ClusterFacts facts)
    {
        var known = status.Store.IsReachable ? "" : " when this agent last reached the store";
        yield return (
            "Lease",
            status.Lease switch
            {
                { IsHeld: true } lease => string.Create(
                    CultureInfo.InvariantCulture,
                    $"held by {lease.Holder ?? "an unknown member"}, epoch {lease.Epoch}, "
                )
                    + (
                        lease.LeftMilliseconds is { } left
                            ? $"{Words.Duration(TimeSpan.FromMilliseconds(left))} left; "
                            : ""
                    )
                    + Renewed(status, lease),
                { LeftMilliseconds: { } left } lease => string.Create(
                    CultureInfo.InvariantCulture,
                    $"epoch {lease.Epoch}; without the store it lasts as long as the others promise to take none, now "
                ) + Words.Duration(TimeSpan.FromMilliseconds(left)),
                { Epoch: 0 } => "unknown, or never granted",
                var lease when !status.Store.IsReachable => string.Create(
                    CultureInfo.InvariantCulture,
                    $"unknown without the store; epoch {lease.Epoch} was the last that this agent knew"
                ),
                var lease => string.Create(
                    CultureInfo.InvariantCulture,
                    $"free; epoch {lease.Epoch} was the last{(lease.Holder is { } last ? $", of {last}" : "")}"
                ),
            }
        );
        yield return (
            "Store",
            status.Store switch
            {
                { IsReachable: false, Name: { } name } => $"{name} is not responding to the agent of {status.Self}",
                { IsReachable: false } => $"not responding to the agent of {status.Self}",
                { Name: { } name } => $"responding; {name}",
                { IsLeader: true } => $"responding; the agent of {status.Self} leads it",
                _ => "responding",
            }
        );
        yield return (
            "Maintenance",
            !status.IsMaintenance
                ? "off" + known
                : "on"
                    + known
                    + (
                        status.MaintenanceSince is { } began
                            ? $", since {Words.Since(began, facts.Now)}; who switched it on is not recorded"
                            : ""
                    )
        );
        yield return (
            "Change",
            status switch
            {
                { Change: not null } => "under way, see below",
                { Switch: { } asked } => $"a switch was asked for. {SwitchSteps.Sentence(asked)}",
                _ => "none under way" + known,
            }
        );
        if (status.Return is { } back)
        {
            yield return (
                "Way back",
                back.IsOff ? $"none to {back.To}: an operator chose the present master"
                : back.NotBefore is { } end ? $"to {back.To} when it is in step, not before {Words.Since(end, null)}"
                : $"to {back.To}, when it has been in step for "
                    + Words.Duration(TimeSpan.FromMilliseconds(back.InStepMilliseconds))
            );
        }

        if (status.Reinits.Count > 0)
        {
            yield return (
                "Reinit",
                $"all data of {Words.List(status.Reinits)} is being replaced by that of the master"
            );
        }

        if (status.Forgotten.Count > 0)
        {
            yield return ("Forgotten", Words.List(status.Forgotten));
        }

        yield return ("Decision", status.Reason);
    }

    /// <summary>
    /// Says that the lease is renewed, so that the few seconds that are left worry nobody.
    /// </summary>
    private static string Renewed(ClusterStatus status, LeaseStatus lease) =>
        status.Members.FirstOrDefault(member => member.Name == lease.Holder) switch
        {
            { IsAgentAlive: true } holder => $"renewed again and again until {holder.Name} releases it",
            { } holder => $"it runs out, unless the agent of {holder.Name}, which is not responding here, renews it",
            null => "it runs out, unless its holder renews it",
        };

    private void AddChange(ChangeStatus change, ClusterFacts facts)
    {
        var (steps, current) = ChangeSteps.Of(change);
        page.Blank();
        var since = Words.Since(change.Since, facts.Now);
        page.Text(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Change under way: {ChangeSteps.Name(change).TrimEnd(',')}, epoch {change.Epoch}; this step since "
                    + $"{since}"
            ),
            isBold: true
        );
        page.Pairs(
            steps.Select(
                (step, i) =>
                    (
                        i < current ? "done"
                        : i == current ? "now"
                        : "next",
                        step
                    )
            )
        );
    }

    private void AddLedger(ClusterStatus status, ClusterFacts facts)
    {
        if (status.Ledger.Count == 0)
        {
            return;
        }

        page.Blank();
        page.Text(
            "Not merged: data that the master may lack in part"
                + (status.Store.IsReachable ? "" : $", as the agent of {status.Self} knew it last"),
            isBold: true
        );
        page.Pairs(
            status.Ledger.Select(line =>
                (
                    line.Member,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"Epoch {line.Epoch}. Its data has been out of touch since "
                            + $"{Words.Since(line.Since, facts.Now)}. "
                    )
                        + (
                            line.IsDiscarded ? "Discarded by the operator: it is replaced when the member follows."
                            : line.IsContained
                                ? $"{facts.Master?.Name} is seen to have all of it: {line.Member} follows when its "
                                    + "agent runs."
                            : DataLoss.Stays(facts, line.Member)
                                + DataLoss.LeftBehind(MergeOf(status, line.Member))
                                + $" {DataLoss.Discard(facts, line.Member)}"
                        )
                )
            )
        );
    }

    public void AddAlarms(Verdict verdict)
    {
        if (verdict.Alarms.Count == 0)
        {
            return;
        }

        page.Blank();
        page.Text("Alarms", isBold: true);
        foreach (var alarm in verdict.Alarms)
        {
            page.Text($"  {alarm.Name}", Color.Yellow);
            page.Pairs(
                [
                    ("What", alarm.Sentence),
                    .. alarm.Causes is { } causes
                        ? [("Cause", string.Join(", ", causes))]
                        : Array.Empty<(string, string)>(),
                    ("To do", alarm.Remedy),
                    ("Page", alarm.Page),
                ],
                4
            );
        }
    }

    private static Color ColourOf(Health health) =>
        health switch
        {
            Health.Healthy => Color.Green,
            Health.Degraded => Color.Yellow,
            _ => Color.Red,
        };

    private static MergeStatus? MergeOf(ClusterStatus status, string member) =>
        status.Members.FirstOrDefault(one => one.Name == member)?.Merge;
}
