namespace ClusterSession.Failover;

/// <summary>A Redis and its agent.</summary>
public sealed class FailoverMember
{
    /// <summary>
    /// Name of the member, 1 to 64 letters, digits, <c>.</c>, <c>_</c>, <c>-</c>. It stays when
    /// addresses change. Default: none.
    /// </summary>
    public string? Name { get; set; }

    /// <summary>
    /// Endpoint of its Redis as <c>host:port</c>, as the other members reach it; replicas follow it
    /// there. Default: none.
    /// </summary>
    public string? Redis { get; set; }

    /// <summary>Address of its agent, as <c>https://host:port</c>. Default: none.</summary>
    public Uri? Agent { get; set; }

    /// <summary>
    /// Whether its Redis never becomes the master: it is a source of data for one, no candidate.
    /// Default: false.
    /// </summary>
    public bool IsReadReplica { get; set; }
}
