namespace ClusterSession.Redis;

/// <summary>
/// Names the user and password for each new connection, so that they may rotate (cloud tokens,
/// secret stores).
/// </summary>
/// <remarks>Asked once per connection attempt, possibly by several connections at once:
/// implementations are thread-safe and cache what is slow.</remarks>
public interface IRedisCredentials
{
    /// <summary>The user and password that are valid now.</summary>
    /// <param name="cancellationToken">Ends with the connect timeout.</param>
    /// <exception cref="Exception">Any exception fails this attempt to connect; it is tried again
    /// with back-off.</exception>
    ValueTask<RedisCredential> GetAsync(CancellationToken cancellationToken);
}
