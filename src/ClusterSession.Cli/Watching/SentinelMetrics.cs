using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Watching;

/// <summary>
/// The text of GET /metrics of a watcher. A gauge that means the same as one of an agent has the
/// same name.
/// </summary>
/// <param name="watch">What the watcher answers at its other paths.</param>
internal sealed class SentinelMetrics(SentinelWatch watch)
{
    public string Text()
    {
        var page = new MetricsText();
        page.Gauge("is_primary", "Whether GET /primary is 200.", watch.Primary().Is ? 1 : 0);
        page.Gauge("is_healthy", "Whether GET /health is 200.", watch.Health().IsHealthy ? 1 : 0);
        if (watch.Look is not { Facts: var facts } look)
        {
            return page.ToString();
        }

        page.Gauge("look_age_seconds", "How old what is said here is.", watch.AgeOf(look).TotalSeconds);
        page.Gauge("epoch", "Number of the configuration that a majority of the Sentinels has.", facts.Epoch);
        page.Gauge(
            "store_reachable",
            "Whether a majority of the Sentinels names one master.",
            Of(facts.Master != null)
        );
        page.Gauge("failing_over", "Whether they hold it for down, or replace it.", Of(facts.IsFailingOver));
        page.Gauge(
            "masters",
            "How many Redis say that they are masters; more than one is the state to be woken for.",
            facts.OtherMasters.Count + Of(facts.IsMastered)
        );
        page.Describe("sentinel_reachable", "Whether the Sentinel responds to this watcher.");
        foreach (var sentinel in facts.Sight.Sentinels)
        {
            page.Sample("sentinel_reachable", sentinel.Address, Of(sentinel.Problem is null));
        }

        page.Describe("sentinel_agrees", "Whether the Sentinel names the master that the majority names.");
        foreach (var sentinel in facts.Sight.Sentinels)
        {
            page.Sample("sentinel_agrees", sentinel.Address, Of(facts.Agreeing.Contains(sentinel)));
        }

        page.Describe("member_reachable", "Whether the Redis responds to this watcher.");
        foreach (var server in facts.Sight.Redis)
        {
            page.Sample("member_reachable", server.Address, Of(server.Problem is null));
        }

        page.Describe("member_follows", "Whether a replica is connected to the master.");
        foreach (var server in facts.Replicas)
        {
            page.Sample("member_follows", server.Address, Of(facts.IsFollowing(server)));
        }

        page.Describe("lag_bytes", "How far a Redis is behind the master; missing: unknown.");
        foreach (var server in facts.Replicas)
        {
            if (facts.LagBytes(server) is { } lag)
            {
                page.Sample("lag_bytes", server.Address, lag);
            }
        }

        return page.ToString();
    }

    private static int Of(bool isSo) => isSo ? 1 : 0;
}
