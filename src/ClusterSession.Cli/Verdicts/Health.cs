using System.Text.Json.Serialization;

namespace ClusterSession.Cli.Verdicts;

/// <summary>How a cluster is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Health>))]
internal enum Health
{
    /// <summary>
    /// A master takes writes, every member follows it, and nothing needs attention.
    /// </summary>
    Healthy,

    /// <summary>
    /// A master takes writes or is just being switched, and something needs attention.
    /// </summary>
    Degraded,

    /// <summary>
    /// It is not certain that one master takes writes: none does, several do, or it cannot be told
    /// from the last look.
    /// </summary>
    Down,

    /// <summary>No agent, or on a Sentinel site no Sentinel, is responding.</summary>
    Unknown,
}
