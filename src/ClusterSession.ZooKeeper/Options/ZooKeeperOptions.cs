using ClusterSession.ZooKeeper.Options;

namespace ClusterSession.ZooKeeper;

/// <summary>Where the servers are, and how they are asked.</summary>
public sealed class ZooKeeperOptions
{
    /// <summary>
    /// The servers of the ensemble, as <c>host:port</c>; without a port 2181. Default: none.
    /// </summary>
    public IList<string> Servers { get; } = [];

    /// <summary>
    /// A node below which everything stands, such as <c>/apps/shop</c>; callers do not see it.
    /// Default: none.
    /// </summary>
    public string? Chroot { get; set; }

    /// <summary>
    /// How long a session lives without a sign of this client. The server keeps it between twice
    /// and twenty times its own tickTime. Default: 6 s.
    /// </summary>
    public TimeSpan SessionTimeout { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>
    /// How long a request waits for a connection, and then for its reply. Default: 3 s.
    /// </summary>
    public TimeSpan OperationTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// User of the digest scheme. With one, nodes are for those who have the same credentials
    /// (<see cref="NodeAccess.Creator"/>). Default: none.
    /// </summary>
    public string? User { get; set; }

    /// <summary>The user's password. Without TLS it travels in the clear. Default: none.</summary>
    public string? Password { get; set; }

    /// <summary>
    /// Whether to speak TLS, which servers offer at another port. Default: false.
    /// </summary>
    public bool UseTls { get; set; }

    /// <summary>
    /// The name that certificates must bear. Default: the host of the server.
    /// </summary>
    public string? TlsHost { get; set; }

    /// <summary>
    /// A PEM file with the authorities to trust. Default: those of the system.
    /// </summary>
    public string? CaFile { get; set; }

    /// <summary>A PEM file with the client's certificate. Default: none.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>
    /// A PEM file with the key of that certificate. Default: it is in the same file.
    /// </summary>
    public string? KeyFile { get; set; }

    /// <summary>Who may read and change the nodes that the client makes.</summary>
    internal NodeAccess Access => User is null ? NodeAccess.Everyone : NodeAccess.Creator;

    /// <summary>A copy that later changes to this one do not reach.</summary>
    internal ZooKeeperOptions Copy()
    {
        var copy = new ZooKeeperOptions
        {
            Chroot = Chroot,
            SessionTimeout = SessionTimeout,
            OperationTimeout = OperationTimeout,
            User = User,
            Password = Password,
            UseTls = UseTls,
            TlsHost = TlsHost,
            CaFile = CaFile,
            CertificateFile = CertificateFile,
            KeyFile = KeyFile,
        };
        foreach (var server in Servers)
        {
            copy.Servers.Add(server);
        }

        return copy;
    }

    /// <summary>
    /// Options of a connection string: <c>h1:2181,h2:2181/path,user=shop,password=...</c>. Other
    /// keys: <c>ssl</c>, <c>sslHost</c>, <c>sslCaFile</c>, <c>sslCertFile</c>, <c>sslKeyFile</c>.
    /// </summary>
    /// <param name="connectionString">Servers, a path where one is wanted, then keys. A password
    /// has no comma. Without <c>user</c> it is the password of the user
    /// <c>cluster-session</c>.</param>
    /// <exception cref="FormatException">It says what is wrong, and how it should be.</exception>
    public static ZooKeeperOptions Parse(string connectionString)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        return ConnectionString.Parse(connectionString);
    }
}
