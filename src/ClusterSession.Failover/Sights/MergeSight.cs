using System.Text.Json.Serialization;
using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Sights;

/// <summary>What an agent says of the merge of its member's data into the master.</summary>
/// <param name="Master">Name of the master.</param>
/// <param name="What">From which process into which, and under which lease.</param>
/// <param name="State">How far it has come.</param>
internal sealed record MergeSight(
    [property: JsonPropertyName("member")] string Master,
    MergedData What,
    [property: JsonPropertyName("step")] MergeState State
)
{
    public MemberMergeCounts Counts { get; init; } = MemberMergeCounts.None;

    /// <summary>Why it failed; null: it did not.</summary>
    public string? Why { get; init; }

    /// <summary>
    /// Why the files could not be copied aside; null: they were, or it is not known yet.
    /// </summary>
    public string? NotSetAside { get; init; }
}
