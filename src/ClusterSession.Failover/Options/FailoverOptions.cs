using System.Security.Cryptography.X509Certificates;

namespace ClusterSession.Failover;

/// <summary>
/// How an agent cares for its Redis; section <c>ClusterSession:Failover</c>. The coordination store
/// is set from here too. <see cref="Cluster"/>, <see cref="Members"/>, <see cref="Voter"/>,
/// <see cref="Coordinator"/>, <see cref="Secret"/>, <see cref="KeyPrefix"/>, the users and all
/// durations must be alike on all members.
/// </summary>
public sealed class FailoverOptions
{
    /// <summary>
    /// Name of the cluster, 1 to 64 letters, digits, <c>.</c>, <c>_</c>, <c>-</c>: several clusters
    /// may share one coordination store. Default: none.
    /// </summary>
    public string? Cluster { get; set; }

    /// <summary>Which of <see cref="Members"/> this agent is, by its name. Default: none.</summary>
    public string? Name { get; set; }

    /// <summary>
    /// All members, in the order in which they are preferred as master: two and a
    /// <see cref="Voter"/>, or three; with a <see cref="Coordinator"/> two or more. They count at
    /// the first start of the cluster; afterwards those in its document do. Default: none.
    /// </summary>
    public IList<FailoverMember> Members { get; } = [];

    /// <summary>
    /// Address of a process without Redis that votes in the coordination store, as
    /// <c>https://host:port</c>, on a host of its own. Default: none, as with three
    /// <see cref="Members"/> or with a <see cref="Coordinator"/>.
    /// </summary>
    public Uri? Voter { get; set; }

    /// <summary>
    /// A coordination store that the site has already:
    /// <c>zookeeper=h1:2181,h2:2181,h3:2181/path,password=...</c> with the package
    /// <c>ClusterSession.Failover.ZooKeeper</c>, or <c>etcd=http://h1:2379/path,password=...</c>
    /// with <c>ClusterSession.Failover.Etcd</c>. <see cref="Voter"/> and <see cref="Directory"/>
    /// are left out then. Default: none, the agents and the voter are the store.
    /// </summary>
    public string? Coordinator { get; set; }

    /// <summary>
    /// A directory of this agent alone, kept over restarts: its part of the coordination store.
    /// Default: none.
    /// </summary>
    public string? Directory { get; set; }

    /// <summary>
    /// A secret that all agents and the voter share, at least 16 characters of ASCII without
    /// blanks. A holder of it may command the cluster. Without TLS it travels in the clear.
    /// Default: none.
    /// </summary>
    public string? Secret { get; set; }

    /// <summary>
    /// Where the agent reaches its Redis, as <c>host:port</c>. Default: as in
    /// <see cref="Members"/>.
    /// </summary>
    public string? RedisAddress { get; set; }

    /// <summary>The agents' user in every Redis. Default: <c>cluster-session-agent</c>.</summary>
    public string RedisUser { get; set; } = "cluster-session-agent";

    /// <summary>Password of that user. Default: none.</summary>
    public string? RedisPassword { get; set; }

    /// <summary>Whether the agent speaks TLS with every Redis. Default: false.</summary>
    public bool RedisTls { get; set; }

    /// <summary>
    /// File of the authorities, in PEM, that vouch for the Redis servers. Default: those of the
    /// system.
    /// </summary>
    public string? RedisTlsCaFile { get; set; }

    /// <summary>File of the agent's client certificate, in PEM. Default: none.</summary>
    public string? RedisTlsCertificateFile { get; set; }

    /// <summary>File of that certificate's key, in PEM. Default: none.</summary>
    public string? RedisTlsKeyFile { get; set; }

    /// <summary>
    /// Number of the database that the application uses. Default: 0; 0 to 1,000,000.
    /// </summary>
    public int RedisDatabase { get; set; }

    /// <summary>
    /// The application's user, which is on only in the Redis that rules. Default:
    /// <c>cluster-session</c>.
    /// </summary>
    public string ApplicationUser { get; set; } = "cluster-session";

    /// <summary>
    /// What the application's keys begin with: its own setting <c>ClusterSession:KeyPrefix</c>, 1
    /// to 64 letters, digits, <c>.</c>, <c>_</c>, <c>-</c>. Default: none.
    /// </summary>
    public string? KeyPrefix { get; set; }

    /// <summary>
    /// Life of the lease: after so long without its holder another member may take over. Default: 3
    /// s; 1 s to 1 min. The holder counts the lease shorter, by 200 ms and by 1 %. What is left
    /// must be at least <see cref="Interval"/> plus twice <see cref="Deadline"/>.
    /// </summary>
    public TimeSpan Ttl { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Pause between two looks while nothing is to be done. Default: 100 ms; 20 ms to 5 s.
    /// </summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Deadline of one question or command. Default: 400 ms; 50 ms to 10 s.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromMilliseconds(400);

    /// <summary>
    /// How long a frozen master is waited for: the longest life of the record without which a Redis
    /// takes no writes. Default: 1 s; from <see cref="Interval"/> and twice <see cref="Deadline"/>
    /// to <see cref="Ttl"/>.
    /// </summary>
    public TimeSpan RecordLife { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long the holder of the lease waits for its silent Redis after a first look without an
    /// answer (<see cref="Deadline"/>), and at least until its record has expired (<see
    /// cref="RecordLife"/>), before it gives the Redis up. One whose host refuses the connection
    /// has ended, and is given up at once. Default: 400 ms; 50 ms to 1 min.
    /// </summary>
    public TimeSpan DeadAfter { get; set; } = TimeSpan.FromMilliseconds(400);

    /// <summary>
    /// How long a free lease waits for members that are out of sight. Default: 300 ms; 0 to 1 min.
    /// </summary>
    public TimeSpan GatherWait { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// How long a free lease waits where newer data is known to exist and cannot be used. After
    /// that the cluster goes on without that data, and says so. Default: 10 s; 0 to 1 h.
    /// </summary>
    public TimeSpan NewerDataWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// After so long without progress a failover is given up, and another one begins. Default: 5 s;
    /// 1 s to 10 min.
    /// </summary>
    public TimeSpan StepWait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a failover counts against the member that was promoted. Default: 10 min; 0 to 1
    /// day.
    /// </summary>
    public TimeSpan FlappingWindow { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Number of failovers within <see cref="FlappingWindow"/> after which the member is not
    /// promoted again in it. Default: 3; 1 to 20.
    /// </summary>
    public int MaxPromotions { get; set; } = 3;

    /// <summary>
    /// Whether the master hands over to a member that comes before it in <see cref="Members"/>
    /// once that is in step again: the way back after a failover. Once within
    /// <see cref="FlappingWindow"/>, and not from a master that an operator chose. Default: true.
    /// </summary>
    public bool ReturnToPreferred { get; set; } = true;

    /// <summary>
    /// How long the preferred member has to be in step before the master hands over to it
    /// (<see cref="ReturnToPreferred"/>). Default: 10 s; 0 to 1 day.
    /// </summary>
    public TimeSpan ReturnAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The application's own setting <c>ClusterSession:IdleTimeout</c>. A member that was away for
    /// this and 1.25 touch intervals has no session to merge. A merged session expires after that
    /// time at the latest. Default: 20 min; 1 s to 365 days.
    /// </summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(20);

    /// <summary>
    /// Longest life of the application's login tickets, where they are kept in the store. Ends and
    /// revocations are merged for that much longer than sessions, and for at least twice as long as
    /// sessions. Default: 0, there are none; 0 to 365 days.
    /// </summary>
    public TimeSpan TicketLife { get; set; }

    /// <summary>
    /// Whether a member whose data was merged follows the master though its files could not be
    /// copied aside, even where that copy is needed. It is needed where no replica of the master
    /// has confirmed the merge, so that only the master's own disk has that data, and where keys
    /// were not merged (damaged, or of other applications). Default: false.
    /// </summary>
    public bool FollowWithoutCopy { get; set; }

    /// <summary>
    /// Full path of a file that says whether this Redis is the open master, for keepalived to track
    /// (docs/operations/keepalived.md), on a file system in memory. Default: none.
    /// </summary>
    public string? TrackFile { get; set; }

    /// <summary>
    /// Makes the handler of requests to other agents: client certificate, trusted authorities. Its
    /// connect timeout is set by ClusterSession. Default: the system's own.
    /// </summary>
    public Func<SocketsHttpHandler>? CreateHandler { get; set; }

    /// <summary>
    /// Whether an agent with this client certificate is accepted, in addition to the secret.
    /// Default: none is asked for.
    /// </summary>
    public Func<X509Certificate2?, bool>? AcceptCertificate { get; set; }

    /// <summary>The holder counts its lease shorter by this.</summary>
    internal TimeSpan Margin { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Share of the ttl by which two clocks may run apart.</summary>
    internal double Drift { get; set; } = 0.01;

    /// <summary>
    /// Whether it is for a follower: a process beside a Redis that is no member.
    /// </summary>
    internal bool IsFollower { get; set; }

    /// <summary>What the configuration says and nobody can read.</summary>
    internal List<string> ReadErrors { get; } = [];

    /// <summary>All members of the coordination store.</summary>
    internal IEnumerable<Uri> Store() => Members.Select(member => member.Agent).Append(Voter).OfType<Uri>().ToArray();
}
