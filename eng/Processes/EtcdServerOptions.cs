namespace ClusterSession.Processes;

/// <summary>What differs from test to test.</summary>
public sealed record EtcdServerOptions
{
    /// <summary>With them its clients speak TLS.</summary>
    public TestCertificates? Certificates { get; init; }

    /// <summary>Whether clients must show a certificate then.</summary>
    public bool NeedsClientCertificate { get; init; }
}
