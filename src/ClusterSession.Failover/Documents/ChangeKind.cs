using System.Text.Json.Serialization;

namespace ClusterSession.Failover.Documents;

/// <summary>Why another lease was taken.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ChangeKind>))]
internal enum ChangeKind
{
    /// <summary>
    /// The former master's lease ran out or was released, also for "failover now".
    /// </summary>
    Failover,

    /// <summary>
    /// The same process takes the lease again, which ran out while the coordination store was not
    /// responding and promises kept others from it, or in maintenance.
    /// </summary>
    Regain,

    /// <summary>
    /// The former master closed and handed the lease over, and the target has all its data.
    /// </summary>
    Switch,

    /// <summary>
    /// The former master takes back the lease that the next one did not take in time.
    /// </summary>
    TakeBack,
}
