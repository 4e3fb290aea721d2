using System.Text.Json.Serialization;

namespace ClusterSession.Failover.Face;

/// <summary>What an agent does.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DecisionKind>))]
internal enum DecisionKind
{
    /// <summary>It has not decided yet, or cannot: see the trouble.</summary>
    None,

    /// <summary>It waits and looks again.</summary>
    Wait,

    /// <summary>It takes the lease.</summary>
    Acquire,

    /// <summary>It renews the lease.</summary>
    Renew,

    /// <summary>It asks the others to take no lease.</summary>
    AskPromises,

    /// <summary>It releases the lease.</summary>
    Release,

    /// <summary>It writes the document.</summary>
    Write,

    /// <summary>It lets its Redis follow another, or leave the one that it followed.</summary>
    Follow,

    /// <summary>It merges what only its Redis has into the master.</summary>
    Merge,

    /// <summary>It makes its Redis a closed master.</summary>
    Promote,

    /// <summary>It opens its Redis for writes.</summary>
    Open,

    /// <summary>It closes its Redis.</summary>
    Close,
}
