using System.Globalization;
using System.Text;
using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Face;

/// <summary>GET /metrics: gauges in the text format of Prometheus.</summary>
/// <param name="face">What is answered elsewhere.</param>
/// <param name="agent">The agent.</param>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
internal sealed class MetricsPage(ClusterFace face, FailoverAgent agent, FailoverTimings timings)
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";
    private const string Prefix = "cluster_session_failover_";

    public string Text()
    {
        var page = new StringBuilder();
        Gauge(page, "is_primary", "Whether GET /primary is 200.", face.Primary().Is ? 1 : 0);
        Gauge(page, "is_healthy", "Whether GET /health is 200.", face.Health().IsHealthy ? 1 : 0);
        var (epoch, left) = agent.LeaseNow;
        Gauge(
            page,
            "lease_left_seconds",
            "What is left of the own lease, or of the promises for it.",
            left.TotalSeconds
        );
        if (agent.Look is not { View: var view })
        {
            return page.ToString();
        }

        Gauge(page, "epoch", "Number of the last lease that was granted.", view.State?.Epoch ?? epoch);
        Gauge(page, "store_reachable", "Whether the coordination store responds.", view.State is null ? 0 : 1);
        Gauge(
            page,
            "maintenance",
            "Whether nothing is decided, by order of the operator.",
            view.Document.Maintenance ? 1 : 0
        );
        Gauge(page, "unmerged_members", "Members whose data the master may lack.", view.Document.Ledger.Count);
        Gauge(
            page,
            "promotions_in_window",
            "Failovers within the flapping window.",
            view.Document.Members.Sum(member => timings.PromotionsOf(view.Document, member.Name, view.Now))
        );
        Describe(page, "member_reachable", "Whether the member's Redis responds to this agent.");
        foreach (var member in view.Document.Present())
        {
            Sample(page, "member_reachable", member.Name, view.Of(member.Name).Redis.IsReachable ? 1 : 0);
        }

        Describe(page, "merge_scanned_records", "Sessions that the merge of a member has compared.");
        Describe(page, "merge_merged_records", "Sessions, and elements of documents, that it wrote into the master.");
        Describe(page, "merge_failed", "Whether it failed, and is tried again.");
        foreach (var member in view.Document.Present())
        {
            if (view.Of(member.Name).Merge is { } merge)
            {
                Sample(page, "merge_scanned_records", member.Name, merge.Counts.Scanned);
                Sample(page, "merge_merged_records", member.Name, merge.Counts.Written);
                Sample(page, "merge_failed", member.Name, merge.State == MergeState.Failed ? 1 : 0);
            }
        }

        Describe(page, "lag_bytes", "How far a Redis is behind the open master; missing: unknown.");
        foreach (var member in view.Document.Present())
        {
            if (view.Of(member.Name).Redis is { IsOpen: false } redis && ClusterFace.Lag(view, redis) is { } lag)
            {
                Sample(page, "lag_bytes", member.Name, lag);
            }
        }

        return page.ToString();
    }

    private static void Gauge(StringBuilder page, string name, string help, double value)
    {
        Describe(page, name, help);
        page.Append(CultureInfo.InvariantCulture, $"{Prefix}{name} {value}\n");
    }

    private static void Describe(StringBuilder page, string name, string help) =>
        page.Append(CultureInfo.InvariantCulture, $"# HELP {Prefix}{name} {help}\n# TYPE {Prefix}{name} gauge\n");

    /// <summary>
    /// Names of members need no escape: the settings take letters, digits and three signs.
    /// </summary>
    private static void Sample(StringBuilder page, string name, string member, double value) =>
        page.Append(CultureInfo.InvariantCulture, $"{Prefix}{name}{{member=\"{member}\"}} {value}\n");
}
