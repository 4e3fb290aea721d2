using System.Security.Cryptography.X509Certificates;

namespace ClusterSession.Failover;

/// <summary>
/// How this process takes part in the coordination store: three servers over HTTP, which the
/// settings call its members.
/// </summary>
public sealed class RaftCoordinatorOptions
{
    /// <summary>
    /// Addresses of all members, this one included, as <c>https://host:port</c>, alike on all
    /// members. Three, on three hosts: one may be down. Default: none.
    /// </summary>
    public IList<Uri> Members { get; } = [];

    /// <summary>Which of <see cref="Members"/> this process is. Default: none.</summary>
    public Uri? Self { get; set; }

    /// <summary>
    /// A directory of this member alone, kept over restarts: what it has voted and stored. Default:
    /// none.
    /// </summary>
    public string? Directory { get; set; }

    /// <summary>
    /// A secret that all members share, at least 16 characters; a holder of it may write the
    /// coordination store. Without TLS it travels in the clear. Default: none.
    /// </summary>
    public string? Secret { get; set; }

    /// <summary>
    /// Whether a member without data may form a new store with the others, once all of them answer
    /// and none has data. It may stay on: a member that has lost its data, while another has some,
    /// is filled by the others instead. Default: true.
    /// </summary>
    public bool Bootstrap { get; set; } = true;

    /// <summary>
    /// Shortest time without a message of the leader after which a member stands for election.
    /// Default: 150 ms; 50 ms to 10 s.
    /// </summary>
    public TimeSpan LowerElectionTimeout { get; set; } = TimeSpan.FromMilliseconds(150);

    /// <summary>
    /// Longest time without a message of the leader after which a member stands for election. Each
    /// election draws a time between <see cref="LowerElectionTimeout"/> and this. Default: 300 ms;
    /// above <see cref="LowerElectionTimeout"/>, at most 20 s.
    /// </summary>
    public TimeSpan UpperElectionTimeout { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// Deadline of one message between members. A member that hangs is waited for twice as long at
    /// an election. Default: 100 ms; 20 ms to <see cref="LowerElectionTimeout"/>.
    /// </summary>
    public TimeSpan RpcTimeout { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// How long an operation is sent again, before its outcome counts as unknown. Longer than a
    /// change of the leader (0.8 s). Default: 2 s; 100 ms to 1 min.
    /// </summary>
    public TimeSpan OperationTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Makes the handler of requests to other members: client certificate, trusted authorities.
    /// Its connect timeout is set by ClusterSession. Default: the system's own.
    /// </summary>
    public Func<SocketsHttpHandler>? CreateHandler { get; set; }

    /// <summary>
    /// Whether a member with this client certificate is accepted, in addition to the secret. The
    /// server must ask for certificates (<c>ClientCertificateMode</c>). Default: none is asked for.
    /// </summary>
    public Func<X509Certificate2?, bool>? AcceptCertificate { get; set; }

    /// <summary>After so many entries a snapshot is taken. Rare: see docs/decisions.</summary>
    internal long SnapshotInterval { get; set; } = 4096;

    /// <summary>How long a member that answers may stand still before the leader resigns.</summary>
    internal TimeSpan StallTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The clock of leases; a test may freeze it.</summary>
    internal TimeProvider Clock { get; set; } = Time.BoottimeClock.Instance;

    /// <summary>Called before a snapshot is restored; a test may make that slow.</summary>
    internal Func<Task>? BeforeRestore { get; set; }
}
