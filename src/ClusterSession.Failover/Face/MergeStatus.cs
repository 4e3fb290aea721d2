using System.Text.Json.Serialization;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Face;

/// <summary>The merge of a member's data into the master.</summary>
/// <param name="State">How far it has come.</param>
/// <param name="Into">Name of the master.</param>
/// <param name="Scanned">Sessions that were compared.</param>
/// <param name="Of">About how many there are.</param>
/// <param name="Written">Sessions, and elements of documents, that were written into the
/// master.</param>
internal sealed record MergeStatus(
    [property: JsonPropertyName("step")] MergeState State,
    string Into,
    long Scanned,
    long Of,
    [property: JsonPropertyName("merged")] long Written
)
{
    /// <summary>Keys that are not ClusterSession's, and are not merged.</summary>
    public long ForeignKeys { get; init; }

    /// <summary>
    /// Damaged records, and such as the master could not take. They are not merged.
    /// </summary>
    public long LeftOut { get; init; }

    /// <summary>Why it failed; null: it did not.</summary>
    public string? Why { get; init; }

    /// <summary>
    /// Why its files could not be copied aside; null: they were, or it is not known yet.
    /// </summary>
    public string? NotSetAside { get; init; }
}
