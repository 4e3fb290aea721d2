namespace ClusterSession.Transport.Options;

/// <summary>
/// How to connect, how long to wait, how much may wait. Immutable. Messages name these settings, so
/// each protocol offers them under the same names.
/// </summary>
internal sealed record TransportOptions
{
    /// <summary>TLS; null: plain TCP.</summary>
    public TlsOptions? Tls { get; init; }

    /// <summary>For one attempt to connect, TLS and handshake included.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>For one request.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>An idle connection is asked for a sign of life so often.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// A connection on which something was sent and nothing received for so long is closed.
    /// </summary>
    public TimeSpan HeartbeatTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest pause between two attempts to connect.</summary>
    public TimeSpan ReconnectMaxDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Requests that may wait for their reply on one connection.</summary>
    public int MaxInFlight { get; init; } = 65536;

    /// <summary>Bytes that may wait to be sent on one connection.</summary>
    public int MaxUnsentBytes { get; init; } = 64 << 20;
}
