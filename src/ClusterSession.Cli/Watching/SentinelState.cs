using System.Text.Json.Serialization;

namespace ClusterSession.Cli.Watching;

/// <summary>One Sentinel, as it was seen at one moment. Immutable.</summary>
/// <param name="Address">host:port, as the connection string names it.</param>
internal sealed record SentinelState(string Address)
{
    /// <summary>Why it has not answered; null: it has.</summary>
    public string? Problem { get; init; }

    /// <summary>The master that it names; null: it knows none, or has not answered.</summary>
    public string? Master { get; init; }

    /// <summary>Number of the configuration that says so.</summary>
    public long Epoch { get; init; }

    /// <summary>
    /// Whether it says that the master it names is down by agreement, or that it is replacing it.
    /// </summary>
    public bool IsFailingOver { get; init; }

    /// <summary>
    /// Whether it has promoted the master it names, and still leads replicas over to it.
    /// </summary>
    public bool IsFinishing { get; init; }

    /// <summary>How many Sentinels have to agree that the master is down; 0: unknown.</summary>
    public int Quorum { get; init; }

    /// <summary>How many Sentinels it knows, itself included; 0: unknown.</summary>
    public int AllSentinels { get; init; }

    /// <summary>
    /// Run id of its process: it shows whether a Sentinel is named twice; empty: it has not
    /// answered.
    /// </summary>
    [JsonIgnore]
    public string RunId { get; init; } = "";
}
