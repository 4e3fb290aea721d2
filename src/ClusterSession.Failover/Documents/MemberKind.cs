using System.Text.Json.Serialization;

namespace ClusterSession.Failover.Documents;

/// <summary>What a Redis may become.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MemberKind>))]
internal enum MemberKind
{
    /// <summary>May become master.</summary>
    Candidate,

    /// <summary>
    /// A read replica: never becomes an open master, and is a source of data for one.
    /// </summary>
    ReadReplica,
}
