namespace ClusterSession.Processes;

/// <summary>What differs from test to test.</summary>
public sealed record ZooKeeperServerOptions
{
    /// <summary>Where all servers of the ensemble run.</summary>
    public NetworkHost On { get; init; } = NetworkHost.Loopback;

    /// <summary>After how many ticks of silence a server gives its leader up.</summary>
    public int SyncLimit { get; init; } = 5;

    /// <summary>With them it speaks TLS at a second port.</summary>
    public TestCertificates? Certificates { get; init; }

    /// <summary>Whether clients must show a certificate there.</summary>
    public bool NeedsClientCertificate { get; init; }
}
