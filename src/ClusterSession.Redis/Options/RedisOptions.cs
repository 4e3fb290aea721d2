using System.Globalization;
using System.Security.Authentication;
using ClusterSession.Transport.Options;
using ClusterSession.ZooKeeper;

namespace ClusterSession.Redis;

/// <summary>
/// How to reach Redis. Set it up before use; not thread-safe while it is changed.
/// </summary>
/// <remarks>Usually made from a connection string by <see cref="Parse"/>; <see cref="ToString"/>
/// shows no secret.</remarks>
public sealed partial class RedisOptions
{
    /// <summary>
    /// The servers, or with <see cref="ServiceName"/> the sentinels. At least one, unless
    /// <see cref="ZooKeeper"/> is set. With several and no service name, the one that is master is
    /// used.
    /// </summary>
    public IList<RedisEndpoint> Endpoints { get; init; } = [];

    /// <summary>ACL user; default null: the server's default user.</summary>
    public string? User { get; set; }

    /// <summary>Password; default null: none.</summary>
    public string? Password { get; set; }

    /// <summary>
    /// Where user and password come from if they rotate; takes the place of <see cref="User"/> and
    /// <see cref="Password"/>. Default null.
    /// </summary>
    public IRedisCredentials? Credentials { get; set; }

    /// <summary>Whether to use TLS; default false. There is no fall-back to plain text.</summary>
    public bool Tls { get; set; }

    /// <summary>
    /// The host name that the server's certificate must bear; default null: the host of the
    /// endpoint.
    /// </summary>
    public string? TlsHost { get; set; }

    /// <summary>
    /// A PEM file with the certificate authorities to trust instead of the system's; default null:
    /// the system's.
    /// </summary>
    public string? TlsCaFile { get; set; }

    /// <summary>
    /// A PEM file with the client's certificate, for servers that want one; default null.
    /// </summary>
    public string? TlsCertificateFile { get; set; }

    /// <summary>
    /// A PEM file with the key of <see cref="TlsCertificateFile"/>; default null: the key is in the
    /// same file.
    /// </summary>
    public string? TlsKeyFile { get; set; }

    /// <summary>
    /// TLS versions to allow; default <see cref="SslProtocols.None"/>: what the system allows.
    /// </summary>
    public SslProtocols TlsProtocols { get; set; }

    /// <summary>
    /// Whether to ask the authority if the certificate was revoked; default false, since private
    /// authorities rarely answer.
    /// </summary>
    public bool TlsCheckRevocation { get; set; }

    /// <summary>Database number, 0 or more; default 0.</summary>
    public int Database { get; set; }

    /// <summary>
    /// Name shown by CLIENT LIST, printable ASCII without blanks; default "cluster-session".
    /// </summary>
    public string ClientName { get; set; } = "cluster-session";

    /// <summary>Name of the master as the sentinels know it; default null: no Sentinel.</summary>
    public string? ServiceName { get; set; }

    /// <summary>
    /// The ZooKeeper ensemble in which agents publish the master; default null: none. With it
    /// <see cref="Endpoints"/> is empty, and <see cref="Fence"/> is <see cref="RedisFence.Lease"/>.
    /// Its credentials and TLS are its own.
    /// </summary>
    public ZooKeeperOptions? ZooKeeper { get; set; }

    /// <summary>
    /// Name of the agents' cluster in ZooKeeper; default null: the only one there.
    /// </summary>
    public string? ZooKeeperCluster { get; set; }

    /// <summary>
    /// ACL user of the sentinels; default null: their default user. <see cref="User"/> is for the
    /// servers only.
    /// </summary>
    public string? SentinelUser { get; set; }

    /// <summary>
    /// Password of the sentinels; default null: none. <see cref="Password"/> is for the servers
    /// only, and never sent to a sentinel.
    /// </summary>
    public string? SentinelPassword { get; set; }

    /// <summary>
    /// Whether to use TLS with the sentinels; default null: as with the servers
    /// (<see cref="Tls"/>).
    /// </summary>
    public bool? SentinelTls { get; set; }

    /// <summary>
    /// Whether the endpoints are nodes of a Redis Cluster; default null: asked of the first server
    /// that answers. True also waits for a cluster that is not set up yet; false refuses one.
    /// </summary>
    public bool? Cluster { get; set; }

    /// <summary>
    /// How copies of sessions are kept current; default <see cref="RedisCoherence.Auto"/>: by
    /// pushes where the server tracks what is read, else by asking each time.
    /// </summary>
    public RedisCoherence Coherence { get; set; }

    /// <summary>
    /// What keeps writes away from a former master; default <see cref="RedisFence.History"/>.
    /// With <see cref="RedisFence.Lease"/> an agent runs beside each server,
    /// <see cref="FenceTimeout"/> has no effect, and a server without a lease is not used.
    /// </summary>
    public RedisFence Fence { get; set; }

    /// <summary>
    /// How long a server that was seen to be deposed is refused while nothing else can be reached;
    /// after that it is used, with a warning. Default 60 s, range 1 s to 1 h. Behind one address it
    /// may be used after 2 s. It is the way out after a failover was taken back by hand.
    /// </summary>
    public TimeSpan FenceTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Time for one attempt to connect, TLS and authentication included; default 3 s, range 50 ms
    /// to 5 min.
    /// </summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Time for one command; default 2 s, range 10 ms to 5 min; with <c>UseRedis</c> never more
    /// than <see cref="OutageOptions.HardTimeout"/>, 1 s by default. A command that was sent and
    /// not answered in time has an unknown outcome.
    /// </summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// An idle connection is asked for a sign of life so often; default 300 ms, range 10 ms to 5
    /// min. Must be well below the lease of local copies.
    /// </summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// A connection on which something was sent and nothing received for so long is closed as dead;
    /// default 2 s, more than <see cref="HeartbeatInterval"/>, up to 5 min.
    /// </summary>
    public TimeSpan HeartbeatTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Longest pause between two attempts to connect; default 500 ms, range 10 ms to 5 min. Pauses
    /// start at 20 ms, grow by a quarter each time, and are drawn at random between half and all of
    /// that.
    /// </summary>
    public TimeSpan ReconnectMaxDelay { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Commands that may wait for their answer on one connection; default 65536, range 16 to
    /// 1048576. More are refused at once.
    /// </summary>
    public int MaxInFlight { get; set; } = 65536;

    /// <summary>
    /// Bytes that may wait to be sent on one connection; default 64 MiB, range 64 KiB to 1 GiB.
    /// More are refused at once.
    /// </summary>
    public int MaxUnsentBytes { get; set; } = 64 << 20;

    /// <summary>
    /// Largest single reply; default 64 MiB, range 1 MiB to 1 GiB. A larger one fails the read that
    /// asked for it.
    /// </summary>
    public int MaxReplyBytes { get; set; } = 64 << 20;

    /// <summary>
    /// Whether commits wait for replicas, so that a server without WAIT is of no use.
    /// </summary>
    internal bool NeedsWait { get; set; }

    /// <summary>
    /// Reads a connection string: <c>host:6379,host2:6379,password=...,ssl=true</c> as
    /// StackExchange.Redis has it, or a redis:// or rediss:// URI.
    /// </summary>
    /// <param name="connectionString">The connection string.</param>
    /// <exception cref="FormatException">It is wrong; the message says which part, why, and what to
    /// write instead. It never shows a password.</exception>
    public static RedisOptions Parse(string connectionString) => RedisConnectionString.Parse(connectionString);

    /// <summary>Endpoints, database and what is switched on; no user, password or path.</summary>
    public override string ToString()
    {
        var servers = ZooKeeper is { } ensemble
            ? $"zookeeper={string.Join(',', ensemble.Servers)}{ensemble.Chroot}"
            : string.Join(',', Endpoints);
        var service = ServiceName is null ? "" : ",serviceName=" + ServiceName;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{servers}{(Tls ? ",ssl=true" : "")}{service},defaultDatabase={Database}"
        );
    }

    /// <summary>
    /// How to reach the sentinels: what is said of them, and for the rest what is said of the
    /// servers.
    /// </summary>
    internal RedisOptions ForSentinels()
    {
        var options = Snapshot();
        (options.User, options.Password, options.Credentials) = (SentinelUser, SentinelPassword, null);
        options.Tls = SentinelTls ?? Tls;
        options.Database = 0;
        return options;
    }

    /// <summary>What is not about Redis.</summary>
    internal TransportOptions ForTransport() =>
        new()
        {
            Tls = Tls
                ? new TlsOptions
                {
                    Host = TlsHost,
                    CaFile = TlsCaFile,
                    CertificateFile = TlsCertificateFile,
                    KeyFile = TlsKeyFile,
                    Protocols = TlsProtocols,
                    CheckRevocation = TlsCheckRevocation,
                }
                : null,
            ConnectTimeout = ConnectTimeout,
            CommandTimeout = CommandTimeout,
            HeartbeatInterval = HeartbeatInterval,
            HeartbeatTimeout = HeartbeatTimeout,
            ReconnectMaxDelay = ReconnectMaxDelay,
            MaxInFlight = MaxInFlight,
            MaxUnsentBytes = MaxUnsentBytes,
        };

    /// <summary>A copy that later changes to this one do not reach.</summary>
    internal RedisOptions Snapshot() =>
        new()
        {
            Endpoints = [.. Endpoints],
            User = User,
            Password = Password,
            Credentials = Credentials,
            Tls = Tls,
            TlsHost = TlsHost,
            TlsCaFile = TlsCaFile,
            TlsCertificateFile = TlsCertificateFile,
            TlsKeyFile = TlsKeyFile,
            TlsProtocols = TlsProtocols,
            TlsCheckRevocation = TlsCheckRevocation,
            Database = Database,
            ClientName = ClientName,
            ServiceName = ServiceName,
            ZooKeeper = ZooKeeper?.Copy(),
            ZooKeeperCluster = ZooKeeperCluster,
            SentinelUser = SentinelUser,
            SentinelPassword = SentinelPassword,
            SentinelTls = SentinelTls,
            Cluster = Cluster,
            Coherence = Coherence,
            NeedsWait = NeedsWait,
            Fence = Fence,
            FenceTimeout = FenceTimeout,
            ConnectTimeout = ConnectTimeout,
            CommandTimeout = CommandTimeout,
            HeartbeatInterval = HeartbeatInterval,
            HeartbeatTimeout = HeartbeatTimeout,
            ReconnectMaxDelay = ReconnectMaxDelay,
            MaxInFlight = MaxInFlight,
            MaxUnsentBytes = MaxUnsentBytes,
            MaxReplyBytes = MaxReplyBytes,
        };
}
