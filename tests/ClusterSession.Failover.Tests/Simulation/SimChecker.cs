using ClusterSession.Failover.Documents;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>What must hold at every moment, and in the end.</summary>
internal sealed class SimChecker(SimCluster cluster)
{
    private static readonly TimeSpan Steady = TimeSpan.FromMilliseconds(1500);
    private readonly HashSet<int> _acknowledged = [];
    private long _epoch;
    private (long Epoch, TimeSpan Since)? _overlap;

    public List<string> Violations { get; } = [];

    /// <summary>Leases that were taken by a switch.</summary>
    public int Switches { get; private set; }

    public int Acknowledged => _acknowledged.Count;

    /// <summary>
    /// Moments at which a record lived on since a wall clock was set back, with no agent to see it.
    /// </summary>
    public int BeyondLimit { get; private set; }

    /// <summary>How often two were open, since the lease of one was ended by force.</summary>
    public int Overlaps { get; private set; }

    public TimeSpan LongestOverlap { get; private set; }

    public void Accepted(SimRedis redis, int commit, long epoch)
    {
        if (redis.IsBeyondLimit)
        {
            BeyondLimit++;
            return;
        }

        _acknowledged.Add(commit);

        if (epoch < _epoch && !IsCounted(epoch))
        {
            Violate($"{redis.Host.Name} accepts a commit under epoch {epoch} after epoch {_epoch}");
        }

        _epoch = Math.Max(_epoch, epoch);
        LookForTwoMasters();
    }

    /// <summary>
    /// Of those that are open each but the last has a lease that was ended by force, and that its
    /// holder may count yet.
    /// </summary>
    public void LookForTwoMasters()
    {
        var open = cluster
            .Hosts.Where(host => host.Redis.Accepts && !host.Redis.IsBeyondLimit)
            .OrderBy(host => host.Redis.OpenEpoch)
            .ToArray();
        for (var i = 0; i + 1 < open.Length; i++)
        {
            var (former, next) = (open[i], open[i + 1]);
            var epoch = former.Redis.OpenEpoch;
            if (epoch == next.Redis.OpenEpoch || !IsCounted(epoch))
            {
                Violate($"two masters: {former.Name} under epoch {epoch} and {next.Name}");
            }
            else if (_overlap?.Epoch != epoch)
            {
                Overlaps++;
                _overlap = (epoch, cluster.World.Now);
            }
            else if (cluster.World.Now - _overlap.Value.Since is var length && length > LongestOverlap)
            {
                LongestOverlap = length;
            }
        }
    }

    private bool IsCounted(long epoch) => cluster.World.Now <= cluster.Coordinator.CountedUntil(epoch);

    /// <summary>A full synchronisation is about to wipe a Redis.</summary>
    public void Wiping(SimRedis replica, SimRedis master)
    {
        var lost = Missing(replica, master);
        if (lost > 0 && !cluster.Coordinator.Document.IsDiscarded(replica.Host.Name, replica.Data.Epoch))
        {
            Violate($"{replica.Host.Name} follows {master.Host.Name}, and {lost} acknowledged commits are wiped");
        }
    }

    /// <summary>How many merges were completed.</summary>
    public int Merges { get; private set; }

    /// <summary>
    /// A merge says that it is complete: what it was for, if it is still the same, has every commit
    /// that only the source had.
    /// </summary>
    public void Merged(SimRedis source, string sourceRunId, SimRedis target, Tenure tenure)
    {
        Merges++;
        if (source.RunId != sourceRunId || target.RunId != tenure.RunId || target.Data.Record?.Tenure != tenure)
        {
            return;
        }

        var lost = Missing(source, target);
        if (lost > 0)
        {
            Violate($"{source.Host.Name} was merged into {target.Host.Name}, which lacks {lost} acknowledged commits");
        }
    }

    private int Missing(SimRedis source, SimRedis target) =>
        source.Data.Commits.Count(commit => _acknowledged.Contains(commit) && !target.Data.Commits.Contains(commit));

    /// <summary>A lease was granted: nobody who was in sight has data of a higher epoch.</summary>
    public void Granted(ClusterDocument document)
    {
        if (document.Change is { Kind: ChangeKind.Switch } handOver)
        {
            HandedOver(handOver);
        }

        if (document.Change is { Kind: ChangeKind.Failover, LacksNewerData: false } change)
        {
            LookForNewer(change, document);
        }
    }

    /// <summary>
    /// A target opens. It may have decided to go on without newer data, and stood still before it
    /// took the lease: what came into sight meanwhile counts.
    /// </summary>
    public void Opens(long epoch)
    {
        if (
            cluster.Coordinator.State.Version > 0
            && cluster.Coordinator.Document.Change is { Kind: ChangeKind.Failover, LacksNewerData: true } change
            && change.Epoch == epoch
        )
        {
            LookForNewer(change, cluster.Coordinator.Document);
        }
    }

    private void LookForNewer(ClusterChange change, ClusterDocument document)
    {
        if (cluster.Loss > 0)
        {
            return; // What was in sight a moment ago may not be now.
        }

        var chosen = cluster.Find((change.Source ?? change.Target).Member).Redis.Data.Epoch;
        foreach (
            var host in cluster.Hosts.Where(host =>
                host.Redis.Data.Epoch > chosen
                && host.Redis.Process.IsRunning
                && host.AgentProcess.IsRunning
                && !cluster.IsCutFromStore(host)
                && !cluster.IsCut(host, cluster.Find(change.Target.Member))
                && (
                    !change.LacksNewerData
                    || (
                        host.Member.Kind == MemberKind.Candidate
                        && document.Promotions.Count(promotion => promotion.Member == host.Name)
                            < cluster.Timings.MaxPromotions
                    )
                )
                && cluster.World.Now - host.TroubleAt > Steady
                && cluster.World.Now - host.Redis.Data.EpochSince > Steady
            )
        )
        {
            Violate(
                $"{change.Target.Member} takes lease {change.Epoch} with data of epoch {chosen}, "
                    + $"and {host.Name} has data of epoch {host.Redis.Data.Epoch}"
            );
        }
    }

    /// <summary>
    /// A switch has made a master of a member, of which nothing acknowledged may be missing.
    /// </summary>
    private void HandedOver(ClusterChange change)
    {
        Switches++;
        var (former, next) = (cluster.Find(change.From!).Redis, cluster.Find(change.Target.Member).Redis);
        var lost = Missing(former, next);
        if (lost > 0 || former.Accepts)
        {
            Violate($"{change.From} hands over to {change.Target.Member}, which lacks {lost} acknowledged commits");
        }
    }

    /// <summary>All faults are healed since a while.</summary>
    public void InTheEnd()
    {
        foreach (var host in cluster.Hosts.Where(host => host.Run.IsFaulted))
        {
            Violate($"the agent of {host.Name} failed: {host.Run.Exception}");
        }

        var open = cluster.Hosts.Where(host => host.Redis.Accepts).ToArray();
        if (open.Length != 1)
        {
            Violate(
                $"{open.Length} open masters in the end: {string.Join(", ", cluster.Hosts.Select(host =>
                $"{host.Name} {host.Agent?.Last} {host.Agent?.Trouble}"))}"
            );
            return;
        }

        var document = cluster.Coordinator.Document;
        if (document.Ruler?.Member != open[0].Name || document is not { Change: null, Switch: null, Reinits: [] })
        {
            Violate(
                $"{open[0].Name} is open, and the document says {document.Ruler}, {document.Change}, "
                    + $"{document.Switch} and {document.Reinits.Count} reinits"
            );
        }

        if (IsReturnDue(document))
        {
            Violate($"{open[0].Name} is open, and the way back to {cluster.Hosts[0].Name} was not taken");
        }

        foreach (var host in cluster.Hosts.Where(host => host != open[0]))
        {
            var follows = host.Redis.Follows?.RunId == open[0].Redis.RunId && host.Redis.IsLinkUp;
            if (!follows || document.Ledger.Any(line => line.Member == host.Name))
            {
                Violate(
                    $"{host.Name} {(follows ? "follows, and is in the ledger" : "does not follow")}: "
                        + $"{host.Agent?.Last} {host.Redis.Look()} {open[0].Redis.Look()}"
                );
            }
        }
    }

    /// <summary>
    /// Whether the preferred member should be master again, by clocks that nobody has set.
    /// </summary>
    private bool IsReturnDue(ClusterDocument document) =>
        cluster.Timings.ReturnAfter is not null
        && cluster.Hosts.All(host => host.WallOffset == TimeSpan.Zero)
        && document.Ruler is { IsChosen: false } ruler
        && ruler.Member != cluster.Hosts[0].Name
        && document is { Ledger: [], Discards: [] }
        && !cluster.Timings.IsBarred(document, cluster.Hosts[0].Name, cluster.Hosts[0].Wall)
        && !(cluster.Hosts[0].Wall - document.ReturnAskedAt < cluster.Timings.FlappingWindow + TimeSpan.FromSeconds(2))
        && cluster.Hosts[0].Wall - document.Events.Max(line => line.At) > TimeSpan.FromSeconds(20);

    private void Violate(string what)
    {
        cluster.World.Tell($"VIOLATION: {what}");
        Violations.Add(what);
    }
}
