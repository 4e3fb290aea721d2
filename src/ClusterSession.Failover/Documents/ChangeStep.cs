using System.Text.Json.Serialization;

namespace ClusterSession.Failover.Documents;

/// <summary>Steps of a change, in their order. Each is written before it is done.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ChangeStep>))]
internal enum ChangeStep
{
    /// <summary>The most advanced replica becomes a closed master.</summary>
    PromoteSource,

    /// <summary>
    /// The target follows the source, the most advanced replica, until it has everything.
    /// </summary>
    FollowSource,

    /// <summary>The target stops following.</summary>
    PromoteTarget,

    /// <summary>The target takes writes.</summary>
    Open,
}
