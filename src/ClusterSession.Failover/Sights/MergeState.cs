using System.Text.Json.Serialization;

namespace ClusterSession.Failover.Sights;

/// <summary>How far the merge of a member's data has come.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MergeState>))]
internal enum MergeState
{
    /// <summary>It is under way.</summary>
    Running,

    /// <summary>It was interrupted or refused, and begins again.</summary>
    Failed,

    /// <summary>
    /// The master has everything that can be merged; a copy was set aside, or the member may follow
    /// without one.
    /// </summary>
    Merged,
}
