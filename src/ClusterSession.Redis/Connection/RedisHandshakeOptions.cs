namespace ClusterSession.Redis.Connection;

/// <summary>What a connection is made for.</summary>
/// <param name="Tracking">Whether the server is to push invalidations of what is read on the
/// connection (CLIENT TRACKING ON).</param>
/// <param name="RequiredRole">The role that the server must have; null: any.</param>
/// <param name="AnyRoleInCluster">Whether a node of a cluster may have any role: the caller is
/// about to look for the others.</param>
internal sealed record RedisHandshakeOptions(
    bool Tracking = false,
    RedisRole? RequiredRole = null,
    bool AnyRoleInCluster = false
);
