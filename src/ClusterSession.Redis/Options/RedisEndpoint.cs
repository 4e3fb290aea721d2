using ClusterSession.Transport.Options;

namespace ClusterSession.Redis;

/// <summary>Where a Redis server or sentinel listens. Immutable.</summary>
/// <param name="Host">Host name or IP address; an IPv6 address without brackets.</param>
/// <param name="Port">TCP port, 1 to 65535.</param>
public readonly record struct RedisEndpoint(string Host, int Port)
{
    /// <summary>As the transport has it.</summary>
    internal ServerAddress Address => new(Host, Port);

    /// <summary>host:port, with brackets around an IPv6 address.</summary>
    public override string ToString() => Address.ToString();

    /// <summary>As the transport's callers have it.</summary>
    internal static RedisEndpoint At(ServerAddress address) => new(address.Host, address.Port);
}
