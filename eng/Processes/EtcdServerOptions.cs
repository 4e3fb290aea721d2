namespace ClusterSession.Processes;

/// <summary>What differs from test to test.</summary>
public sealed record EtcdServerOptions
{
    /// <summary>With them clients speak TLS, and need a certificate of that authority.</summary>
    public TestCertificates? Certificates { get; init; }
}
