using System.Text.Json.Serialization;

namespace ClusterSession.Failover.Sights;

/// <summary>How much a merge has done.</summary>
/// <param name="Scanned">Sessions that were compared.</param>
/// <param name="Of">About how many there are.</param>
/// <param name="Written">Sessions, and elements of documents, that were written into the
/// master.</param>
/// <param name="Bytes">Bytes that were sent to the master.</param>
internal sealed record MemberMergeCounts(
    long Scanned,
    long Of,
    [property: JsonPropertyName("merged")] long Written, // The name that agents of every release say.
    long Bytes
)
{
    /// <summary>A merge that has just begun.</summary>
    public static MemberMergeCounts None { get; } = new(0, 0, 0, 0);

    /// <summary>Keys that are not this library's, and are not merged.</summary>
    public long Foreign { get; init; }

    /// <summary>Some of their names.</summary>
    public IReadOnlyList<string> ForeignNames { get; init; } = [];

    /// <summary>
    /// Damaged records, and such as the master could not take. They are not merged.
    /// </summary>
    public long LeftOut { get; init; }

    /// <summary>What is lost when the member follows: it is here alone.</summary>
    [JsonIgnore]
    public long NotMerged => Foreign + LeftOut;
}
