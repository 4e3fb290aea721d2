namespace ClusterSession.Processes;

/// <summary>How a <see cref="RedisServer"/> is to be started.</summary>
public sealed record RedisServerOptions
{
    /// <summary>Where it runs; default: this machine, 127.0.0.1.</summary>
    public NetworkHost On { get; init; } = NetworkHost.Loopback;

    /// <summary>Its port; default: a free one.</summary>
    public int? Port { get; init; }

    /// <summary>
    /// Its directory, which exists and stays; default: one of its own, gone with the server.
    /// </summary>
    public string? Directory { get; init; }

    /// <summary>Takes what it prints; default: a new file in its directory.</summary>
    public string? LogFile { get; init; }

    /// <summary>requirepass; default: none.</summary>
    public string? Password { get; init; }

    /// <summary>
    /// ACL lines without the leading word user, such as <c>sess on >secret ~sess:* +@all</c>.
    /// </summary>
    public IReadOnlyList<string> AclUsers { get; init; } = [];

    /// <summary>TLS with these certificates, and no plain port at all; default: plain.</summary>
    public TestCertificates? Certificates { get; init; }

    /// <summary>Serve the certificate of another host.</summary>
    public bool WrongHostCertificate { get; init; }

    /// <summary>Port of the master on the same host; default: it is a master itself.</summary>
    public int? ReplicaOf { get; init; }

    /// <summary>
    /// Whether writes survive a restart (appendonly yes, appendfsync always); default false.
    /// </summary>
    public bool AppendOnly { get; init; }

    /// <summary>More configuration, one directive per line.</summary>
    public IReadOnlyList<string> Config { get; init; } = [];
}
