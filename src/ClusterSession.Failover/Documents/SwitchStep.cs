using System.Text.Json.Serialization;

namespace ClusterSession.Failover.Documents;

/// <summary>Steps of a switch up to the next lease. Each is written before it is done.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SwitchStep>))]
internal enum SwitchStep
{
    /// <summary>
    /// The master rules on until the next one is ready, or until it retracts the switch.
    /// </summary>
    Wait,

    /// <summary>
    /// The master closes, and waits until the next one has everything; where the switch names none,
    /// until any candidate has, and for a moment only.
    /// </summary>
    Close,

    /// <summary>
    /// The lease is free. If the switch names the next master, only that may take it at first.
    /// </summary>
    HandOver,
}
