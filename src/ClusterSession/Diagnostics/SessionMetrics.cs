using System.Diagnostics.Metrics;

namespace ClusterSession.Diagnostics;

/// <summary>
/// Every figure that ClusterSession counts, under the meter <c>ClusterSession</c>.
/// </summary>
internal sealed class SessionMetrics : IDisposable
{
    public const string MeterName = "ClusterSession";

    private const string Partition = "clustersession.partition";

    private readonly Meter _meter;

    public SessionMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(MeterName);
        Committed = _meter.CreateCounter<long>(
            "clustersession.commits",
            "{commit}",
            "Commits that the store acknowledged."
        );
        FailedOpens = _meter.CreateCounter<long>(
            "clustersession.opens.failed",
            "{request}",
            "Requests whose session could not be opened: the store did not respond, refused, or has a damaged or too "
                + "large record."
        );
        FailedCommits = _meter.CreateCounter<long>(
            "clustersession.commits.failed",
            "{commit}",
            "Commits that the store did not confirm and this node did not keep."
        );
        Regressed = _meter.CreateCounter<long>(
            "clustersession.regressions",
            "{session}",
            "Sessions served without something that their client had, or may have, seen acknowledged."
        );
        Lost = _meter.CreateCounter<long>(
            "clustersession.losses",
            "{session}",
            "Sessions or commits that the store had lost and this node gave back."
        );
        Forks = _meter.CreateCounter<long>(
            "clustersession.forks",
            "{session}",
            "Sessions whose store and copy had different commits, merged."
        );
        RefusedCookies = _meter.CreateCounter<long>(
            "clustersession.cookies.refused",
            "{cookie}",
            "Cookies that were not issued here or were changed."
        );
        ReplicasShort = _meter.CreateCounter<long>(
            "clustersession.replicas.short",
            "{commit}",
            "Commits under Replicated that too few replicas confirmed in time; they count as Primary."
        );
        NewIdsPutOff = _meter.CreateCounter<long>(
            "clustersession.rotations.deferred",
            "{request}",
            "Requests of users who have logged in whose session kept its id, because the store was not responding."
        );
        Replayed = _meter.CreateCounter<long>(
            "clustersession.replayed",
            "{session}",
            "Sessions replayed into a partition of the store that came back as another."
        );
        EndsForgotten = _meter.CreateCounter<long>(
            "clustersession.ends.forgotten",
            "{session}",
            "Ends of sessions that this node forgot early, because it knew a million of them."
        );
        Asks = _meter.CreateCounter<long>(
            "clustersession.asks",
            "{message}",
            "Messages by which this node has asked the others for sessions that the store had lost."
        );
        Unasked = _meter.CreateCounter<long>(
            "clustersession.unasked",
            "{session}",
            "Sessions that the other nodes were not asked for in time, because too many were missing at once."
        );
        Touches = _meter.CreateCounter<long>(
            "clustersession.touches",
            "{touch}",
            "Sessions prolonged in the store without a commit."
        );
    }

    public Meter Meter => _meter;

    public Counter<long> Committed { get; }

    public Counter<long> FailedOpens { get; }

    public Counter<long> FailedCommits { get; }

    public Counter<long> Regressed { get; }

    public Counter<long> Lost { get; }

    public Counter<long> Forks { get; }

    public Counter<long> RefusedCookies { get; }

    public Counter<long> ReplicasShort { get; }

    public Counter<long> NewIdsPutOff { get; }

    public Counter<long> Replayed { get; }

    public Counter<long> EndsForgotten { get; }

    public Counter<long> Asks { get; }

    public Counter<long> Unasked { get; }

    public Counter<long> Touches { get; }

    /// <summary>The tag that names a partition of the store.</summary>
    public static KeyValuePair<string, object?> PartitionTag(string name) => new(Partition, name);

    public void Dispose() => _meter.Dispose();
}
