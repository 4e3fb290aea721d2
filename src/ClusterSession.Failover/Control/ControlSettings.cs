using ClusterSession.Redis;

namespace ClusterSession.Failover.Control;

/// <summary>
/// How the agents of a cluster reach its Redis, and the names that they use in it.
/// </summary>
internal sealed record ControlSettings
{
    /// <summary>
    /// The agent's user and password, TLS, and the database of the sessions. Endpoints are not
    /// looked at: each member has its own.
    /// </summary>
    public required RedisOptions Connection { get; init; }

    /// <summary><c>ClusterSession:KeyPrefix</c> of the application.</summary>
    public required string KeyPrefix { get; init; }

    /// <summary>The cluster's secret, from which the passwords of replicas are made.</summary>
    public required string Secret { get; init; }

    /// <summary>The user of the application, in every Redis of the cluster.</summary>
    public string ApplicationUser { get; init; } = "cluster-session";

    /// <summary>
    /// How long a Redis may leave a command unanswered before it is taken for unreachable and
    /// connected to anew: a connection that was cut is not repaired by waiting.
    /// </summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a session lives, by <see cref="SessionLives"/>: an older one is not merged. Without
    /// the application's <c>LongestRequest</c>, for which its store keeps a session longer.
    /// </summary>
    public TimeSpan SessionLife { get; init; } = SessionLives.Of(TimeSpan.FromMinutes(20), TimeSpan.Zero).Store;

    /// <summary>How long it is remembered that a session has ended, by the same.</summary>
    public TimeSpan TombstoneLife { get; init; } = SessionLives.Of(TimeSpan.FromMinutes(20), TimeSpan.Zero).Tombstone;

    /// <summary>Name of the connections in CLIENT LIST.</summary>
    public string ClientName { get; init; } = "cluster-session-agent";

    /// <summary>How long one attempt to connect may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(1);
}
