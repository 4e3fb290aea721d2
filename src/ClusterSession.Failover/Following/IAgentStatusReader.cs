using ClusterSession.Failover.Face;

namespace ClusterSession.Failover.Following;

/// <summary>Asks one agent what it knows of its cluster.</summary>
internal interface IAgentStatusReader
{
    /// <summary>
    /// GET /cluster. An <see cref="IOException"/>: it is not responding, or another answers there.
    /// </summary>
    ValueTask<ClusterStatus?> ReadAsync(CancellationToken cancellation);
}
