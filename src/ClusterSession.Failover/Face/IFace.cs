namespace ClusterSession.Failover.Face;

/// <summary>
/// What balancers and monitors ask, whether agents decide who is the master or Sentinels do.
/// </summary>
internal interface IFace
{
    /// <summary>GET /primary: whether the Redis of this host is, and the body.</summary>
    (bool Is, RoleStatus Status) Primary();

    /// <summary>
    /// GET /replica: a replica that is connected, and at most so many bytes behind.
    /// </summary>
    (bool Is, RoleStatus Status) Replica(long? most);

    /// <summary>GET /read-only: the primary, or a replica.</summary>
    (bool Is, RoleStatus Status) ReadOnly();

    /// <summary>GET /health.</summary>
    HealthStatus Health();
}
