namespace ClusterSession.ChaosTests.Load;

/// <summary>How a load is to be: who comes, how fast, and through which nodes.</summary>
internal sealed record LoadPlan
{
    public required string Name { get; init; }

    public required int Seed { get; init; }

    public required IReadOnlyList<NodeAddress> Nodes { get; init; }

    /// <summary>Clients that do one thing after the other.</summary>
    public int Sequential { get; init; } = 4;

    /// <summary>Clients that send six requests at once on one cookie jar.</summary>
    public int Browsers { get; init; } = 2;

    /// <summary>
    /// Pairs of devices of one user that share a session, each with a jar of its own.
    /// </summary>
    public int DevicePairs { get; init; } = 1;

    /// <summary>Clients that replay stolen cookies as long as the others work.</summary>
    public int Thieves { get; init; } = 1;

    public Affinity Affinity { get; init; } = Affinity.None;

    /// <summary>
    /// Requests each client makes before it ends by itself; browsers count each of their six.
    /// </summary>
    public int RequestsPerClient { get; init; } = int.MaxValue;

    /// <summary>
    /// The longest pause between two requests of a client; each pause is drawn between nothing and
    /// this.
    /// </summary>
    public TimeSpan Think { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// After this a client gives up and does not know what became of its request.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A session with so many entries is left alone, and its client begins another one.
    /// </summary>
    public int EntriesPerSession { get; init; } = 40;

    /// <summary>Bytes added to each value.</summary>
    public int FillerBytes { get; init; }

    /// <summary>Whether clients renew ids. AddSession can not.</summary>
    public bool Renews { get; init; } = true;

    /// <summary>Whether clients end sessions.</summary>
    public bool Destroys { get; init; } = true;

    public string Durability { get; init; } = "Primary";

    /// <summary>Kinds of fault that must have taken effect for the run to count.</summary>
    public IReadOnlyList<string> PlannedFaults { get; init; } = [];
}
