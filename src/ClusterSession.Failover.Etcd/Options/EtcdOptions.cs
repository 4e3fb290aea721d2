using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace ClusterSession.Failover.Etcd.Options;

/// <summary>Where the servers are, and how they are asked.</summary>
internal sealed record EtcdOptions
{
    /// <summary>So many servers are asked by an operation, if they do not respond.</summary>
    private const int MaxTries = 3;

    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(5);

    /// <summary>The servers, all with http or all with https.</summary>
    public required IReadOnlyList<Uri> Servers { get; init; }

    /// <summary>All keys begin with it.</summary>
    public required string Path { get; init; }

    /// <summary>The user that etcd authenticates; null: none.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>A PEM file with the authorities to trust; null: those of the system.</summary>
    public string? CaFile { get; init; }

    /// <summary>A PEM file with the client's certificate; null: none.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>A PEM file with its key; null: it is in the same file.</summary>
    public string? KeyFile { get; init; }

    /// <summary>How long an operation of the coordinator is tried.</summary>
    public TimeSpan OperationTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long one server is waited for before the next one is asked.</summary>
    public TimeSpan RequestTimeout => OperationTimeout / Math.Min(MaxTries, Servers.Count);

    /// <summary>
    /// The connections to a server. Etcd refuses pings that come more often than each 5 s, or while
    /// no request is under way.
    /// </summary>
    public SocketsHttpHandler CreateHandler()
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = RequestTimeout,
            KeepAlivePingDelay = PingDelay,
            KeepAlivePingTimeout = PingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            UseProxy = false,
        };
        if (CaFile is not null)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.ImportFromPemFile(CaFile);
            handler.SslOptions.CertificateChainPolicy = policy;
        }

        if (CertificateFile is not null)
        {
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(
                X509Certificate2.CreateFromPemFile(CertificateFile, KeyFile),
                additionalCertificates: null
            );
        }

        return handler;
    }
}
