using ClusterSession.Redis.Connection;

namespace ClusterSession.Redis.Scripts;

/// <summary>A request whose answer carries the lease of the connection it came over.</summary>
internal interface ILeasedRequest
{
    /// <summary>The connection it is sent on; set before it is sent.</summary>
    RedisConnection? Connection { get; set; }
}
