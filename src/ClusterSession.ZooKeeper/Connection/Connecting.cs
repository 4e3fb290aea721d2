using ClusterSession.Transport.Options;
using ClusterSession.Transport.Sockets;
using ClusterSession.ZooKeeper.Watches;

namespace ClusterSession.ZooKeeper.Connection;

/// <summary>Makes the connections of one session, one after the other.</summary>
internal sealed class Connecting(
    ZooKeeperOptions settings,
    ZooKeeperSession session,
    WatchTable watches,
    TimeProvider time
)
{
    private static readonly TimeSpan ShortestAttempt = TimeSpan.FromMilliseconds(200);

    /// <summary>Whether the session is kept alive between requests.</summary>
    public bool KeepsAlive { get; init; } = true;

    /// <summary>For a link: how long its callers wait.</summary>
    public TransportOptions LinkOptions => new() { ConnectTimeout = settings.OperationTimeout };

    /// <summary>A connection that continues the session, or has begun it.</summary>
    public async Task<ZooKeeperConnection> ConnectAsync(ServerAddress address, CancellationToken cancellationToken)
    {
        var connection = await Make().ConnectAsync(address, cancellationToken).ConfigureAwait(false);
        if (!KeepsAlive || connection.HeartbeatInterval <= session.Timeout / 3)
        {
            return connection;
        }

        // The server has granted a shorter life than was asked for; signs of life are due more
        // often than this connection gives them.
        await connection.DisposeAsync().ConfigureAwait(false);
        return await Make().ConnectAsync(address, cancellationToken).ConfigureAwait(false);
    }

    private Connector<ZooKeeperConnection> Make()
    {
        var options = Options(session.Timeout);
        return new Connector<ZooKeeperConnection>(
            options,
            time,
            new ZooKeeperProtocol(session, watches, settings, options, time)
        );
    }

    private TransportOptions Options(TimeSpan timeout)
    {
        // All servers are tried within the life of the session.
        var attempt = timeout / Math.Max(2, settings.Servers.Count);
        return new TransportOptions
        {
            Tls = settings.UseTls ? Tls() : null,
            ConnectTimeout = attempt > ShortestAttempt ? attempt : ShortestAttempt,
            CommandTimeout = settings.OperationTimeout,
            HeartbeatInterval = KeepsAlive ? timeout / 3 : TimeSpan.FromHours(1),
            HeartbeatTimeout = timeout * 2 / 3,
        };
    }

    private TlsOptions Tls() =>
        new()
        {
            Host = settings.TlsHost,
            CaFile = settings.CaFile,
            CertificateFile = settings.CertificateFile,
            KeyFile = settings.KeyFile,
        };
}
