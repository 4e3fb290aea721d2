using System.Text.Json.Serialization;

namespace ClusterSession.Failover.Face;

/// <summary>What a member's Redis is at present.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MemberRole>))]
internal enum MemberRole
{
    /// <summary>It is not responding.</summary>
    Unreachable,

    /// <summary>
    /// It is up, takes no writes, and follows nobody. A replica takes none either, as it is closed
    /// too.
    /// </summary>
    Closed,

    /// <summary>It follows a master.</summary>
    Replica,

    /// <summary>It is a master that takes writes.</summary>
    Master,
}
