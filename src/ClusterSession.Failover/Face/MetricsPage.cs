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
    public string Text()
    {
        var page = new MetricsText();
        page.Gauge("is_primary", "Whether GET /primary is 200.", face.Primary().Is ? 1 : 0);
        page.Gauge("is_healthy", "Whether GET /health is 200.", face.Health().IsHealthy ? 1 : 0);
        var (epoch, left) = agent.LeaseNow;
        page.Gauge(
            "lease_left_seconds",
            "What is left of the own lease, or of the promises for it.",
            left.TotalSeconds
        );
        if (agent.Look is not { View: var view })
        {
            return page.ToString();
        }

        page.Gauge("epoch", "Number of the last lease that was granted.", view.State?.Epoch ?? epoch);
        page.Gauge("store_reachable", "Whether the coordination store responds.", view.State is null ? 0 : 1);
        page.Gauge(
            "maintenance",
            "Whether nothing is decided, by order of the operator.",
            view.Document.Maintenance ? 1 : 0
        );
        page.Gauge("unmerged_members", "Members whose data the master may lack.", view.Document.Ledger.Count);
        page.Gauge(
            "promotions_in_window",
            "Failovers within the flapping window.",
            view.Document.Members.Sum(member => timings.PromotionsOf(view.Document, member.Name, view.Now))
        );
        page.Describe("member_reachable", "Whether the member's Redis responds to this agent.");
        foreach (var member in view.Document.Present())
        {
            page.Sample("member_reachable", member.Name, view.Of(member.Name).Redis.IsReachable ? 1 : 0);
        }

        page.Describe("merge_scanned_records", "Sessions that the merge of a member has compared.");
        page.Describe("merge_merged_records", "Sessions, and elements of documents, that it wrote into the master.");
        page.Describe("merge_failed", "Whether it failed, and is tried again.");
        foreach (var member in view.Document.Present())
        {
            if (view.Of(member.Name).Merge is { } merge)
            {
                page.Sample("merge_scanned_records", member.Name, merge.Counts.Scanned);
                page.Sample("merge_merged_records", member.Name, merge.Counts.Written);
                page.Sample("merge_failed", member.Name, merge.State == MergeState.Failed ? 1 : 0);
            }
        }

        page.Describe("lag_bytes", "How far a Redis is behind the open master; missing: unknown.");
        foreach (var member in view.Document.Present())
        {
            if (view.Of(member.Name).Redis is { IsOpen: false } redis && ClusterFace.Lag(view, redis) is { } lag)
            {
                page.Sample("lag_bytes", member.Name, lag);
            }
        }

        return page.ToString();
    }
}
