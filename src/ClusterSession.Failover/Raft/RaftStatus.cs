using System.Text.Json.Serialization;

namespace ClusterSession.Failover.Raft;

/// <summary>What a server says of itself to the others, and to people.</summary>
/// <param name="IsRunning">Whether the other figures are known.</param>
/// <param name="LastIndex">Last entry of its log.</param>
/// <param name="AppliedIndex">Last entry that its map contains.</param>
/// <param name="Term">Its term.</param>
/// <param name="IsLeading">Whether it leads.</param>
/// <param name="IsVoter">Whether it votes.</param>
internal sealed record RaftStatus(
    bool IsRunning,
    long LastIndex,
    long AppliedIndex,
    long Term,
    bool IsLeading,
    bool IsVoter
)
{
    /// <summary>
    /// Addresses of other servers that do not respond to this one, which leads; null: it does not
    /// lead, and does not know.
    /// </summary>
    public IReadOnlyList<string>? Silent { get; init; }

    /// <summary>Of a process that is no server.</summary>
    public static RaftStatus None { get; } = new(false, 0, 0, 0, false, false);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RaftStatus))]
internal sealed partial class RaftStatusJson : JsonSerializerContext;
