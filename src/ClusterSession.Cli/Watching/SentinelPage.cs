using System.Globalization;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Face;
using Spectre.Console;

namespace ClusterSession.Cli.Watching;

/// <summary>The state of a Sentinel site for a person: the sentence first, figures below.</summary>
internal sealed class SentinelPage(Page page)
{
    private static readonly string[] RedisHeads = ["Redis", "Role", "Behind", "Silent", "Priority"];
    private static readonly string[] SentinelHeads = ["Sentinel", "Names", "Epoch", "Quorum", "Failover"];

    public void Add(Verdict verdict, SiteFacts facts)
    {
        var status = new StatusPage(page);
        status.Add(verdict);
        page.Blank();
        page.Text($"Master {facts.Sight.Service}, as the Sentinels name it", isBold: true);
        page.Table(SentinelHeads, facts.Sight.Sentinels.Select(sentinel => Row(facts, sentinel)));
        page.Text("  Epoch: number of the configuration; the higher, the newer.");
        if (facts.Sight.Redis.Count > 0)
        {
            page.Blank();
            page.Table(RedisHeads, facts.Sight.Redis.Select(server => Row(facts, server)));
            page.Text("  Silent: for how long the replica has not heard of its master. Priority 0: never promoted.");
        }

        page.Blank();
        page.Pairs(Figures(facts));
        status.AddAlarms(verdict);
    }

    private static (string, Color?)[] Row(SiteFacts facts, SentinelState sentinel) =>
        [
            (sentinel.Address, null),
            sentinel switch
            {
                { Problem: not null } => ("not responding", Color.Red),
                { Master: null } => ("no master of that name", Color.Yellow),
                _ => (sentinel.Master, facts.Dissenting.Contains(sentinel) ? Color.Yellow : null),
            },
            (Number(sentinel, sentinel.Epoch), null),
            (Number(sentinel, sentinel.Quorum), null),
            (
                sentinel.Problem is not null ? "-"
                : sentinel.IsFailingOver ? "under way"
                : sentinel.IsFinishing ? "being finished"
                : "none",
                sentinel.IsFailingOver || sentinel.IsFinishing ? Color.Yellow : null
            ),
        ];

    private static (string, Color?)[] Row(SiteFacts facts, ServerState server) =>
        [
            (server.Address, null),
            RoleOf(facts, server),
            (
                server.Role == MemberRole.Master ? "-"
                : facts.LagBytes(server) is { } lag ? Words.Bytes(lag)
                : "unknown",
                null
            ),
            (server.SilentSeconds is { } seconds ? Words.Duration(TimeSpan.FromSeconds(seconds)) : "-", null),
            (server.Priority?.ToString(CultureInfo.InvariantCulture) ?? "-", null),
        ];

    private static (string, Color?) RoleOf(SiteFacts facts, ServerState server) =>
        server switch
        {
            { Problem: not null } => ("not responding", Color.Red),
            { Role: MemberRole.Master } when facts.DeposedBy is { } newer => server.Address == newer.Master
                ? ("master", Color.Green)
                : ("master, deposed", Color.Red),
            { Role: MemberRole.Master } when facts.OtherMasters.Contains(server) => (
                facts.Master is null ? "master"
                : facts.IsMastered ? "master too"
                : "master, not named yet",
                facts.IsMastered ? Color.Red : Color.Yellow
            ),
            { Role: MemberRole.Master } => ("master", Color.Green),
            _ when facts.FollowsAnother(server) => ($"replica of {server.Follows ?? "nobody"}", Color.Yellow),
            { IsLinkUp: false } => ("replica, not connected", Color.Yellow),
            _ => ("replica", null),
        };

    private static IEnumerable<(string, string)> Figures(SiteFacts facts)
    {
        yield return (
            "Majority",
            string.Create(
                CultureInfo.InvariantCulture,
                $"{facts.Majority} of {facts.AllSentinels} Sentinels; {facts.Responding.Count} answer, "
                    + $"{facts.Agreeing.Count} agree"
            )
        );
        if (facts.MasterServer is { Role: MemberRole.Master } master)
        {
            yield return (
                "Writes",
                master.NeedsReplicas
                    ? "refused by the master without replicas (min-replicas-to-write)"
                    : "taken by the master without replicas too (min-replicas-to-write 0)"
            );
        }
    }

    private static string Number(SentinelState sentinel, long number) =>
        sentinel.Problem is null ? number.ToString(CultureInfo.InvariantCulture) : "-";
}
