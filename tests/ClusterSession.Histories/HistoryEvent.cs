using System.Text.Json.Serialization;

namespace ClusterSession.Histories;

/// <summary>
/// One request as its client saw it. Times are nanoseconds of the one monotonic clock of the load
/// program.
/// </summary>
public sealed record HistoryEvent
{
    public required int Client { get; init; }

    public ClientKind ClientKind { get; init; }

    /// <summary>
    /// The number of the session in this run, never its id. A client that has ended a session and
    /// starts anew counts as a new session; a thief's request belongs to the session whose cookie
    /// it shows.
    /// </summary>
    public required int Session { get; init; }

    /// <summary>
    /// How often the id had been renewed when the cookie sent with this request was issued.
    /// </summary>
    public int Generation { get; init; }

    /// <summary>The running number of the request of its client.</summary>
    public required int Request { get; init; }

    public required string Node { get; init; }

    public required long InvokeNs { get; init; }

    /// <summary>
    /// When the client stopped waiting: with an answer, an error or without any;
    /// <see cref="long.MaxValue"/> if it still waited when the history ended.
    /// </summary>
    public required long CompleteNs { get; init; }

    public required RequestResult Result { get; init; }

    public EventFlags Flags { get; init; }

    public IReadOnlyList<Op> Ops { get; init; } = [];

    /// <summary>The version that the cookie sent carried; null if unknown or no cookie.</summary>
    public SeenVersion? TokenSent { get; init; }

    /// <summary>The version that the response's cookie carries; null if none was set.</summary>
    public SeenVersion? TokenReceived { get; init; }

    /// <summary>The version of the copy that the request was served from.</summary>
    public SeenVersion? Served { get; init; }

    /// <summary>The version that the request's changes were committed as.</summary>
    public SeenVersion? Committed { get; init; }

    /// <summary>The durability asked for, when it is not the run's.</summary>
    public string? Durability { get; init; }

    /// <summary>The HTTP status or the kind of error, for a human reader.</summary>
    public string? Note { get; init; }

    /// <summary>
    /// When the request may last have taken effect: an unknown one stays open for ever.
    /// </summary>
    [JsonIgnore]
    public long EffectEndNs => Result == RequestResult.Info ? long.MaxValue : CompleteNs;

    /// <summary>This request was over before the other began.</summary>
    public bool Precedes(HistoryEvent other) => EffectEndNs < other.InvokeNs;

    public bool Has(EventFlags flags) => (Flags & flags) != 0;

    public override string ToString() =>
        $"session {Session} client {Client} request {Request} at {Node} [{Ns(InvokeNs)} .. {Ns(CompleteNs)}] {Result}"
        + (Flags == EventFlags.None ? "" : $" ({Flags})")
        + (Generation == 0 ? "" : $" generation {Generation}")
        + $": {string.Join("; ", Ops.Select(Describe))}"
        + (TokenSent is { } sent ? $" sent {sent}" : "")
        + (Served is { } served ? $" served {served}" : "")
        + (Committed is { } committed ? $" committed {committed}" : "")
        + (Note is null ? "" : $" [{Note}]");

    private static string Ns(long ns) => ns == long.MaxValue ? "no end" : $"{ns / 1_000_000.0:0.000} ms";

    private static string Describe(Op op) =>
        op.Kind switch
        {
            OpKind.Get => $"get {op.Key} -> {op.Value ?? "nothing"}",
            OpKind.Set => $"set {op.Key} = {op.Value}",
            OpKind.Append => $"append {op.Value}",
            OpKind.List => $"list -> {Short(op.Values)}",
            OpKind.Remove => $"remove {op.Key}",
            OpKind.Counter => $"count {op.Key} -> {op.Number}",
            OpKind.CounterRead => $"read count {op.Key} -> {op.Number}",
            _ => op.Kind.ToString().ToLowerInvariant(),
        };

    private static string Short(IReadOnlyList<string>? values) =>
        values switch
        {
            null => "?",
            { Count: > 4 } => $"{values.Count} entries, last {values[^1]}",
            _ => $"[{string.Join(", ", values)}]",
        };
}
