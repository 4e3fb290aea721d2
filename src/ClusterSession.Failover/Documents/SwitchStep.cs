using System.Text.Json.Serialization;

namespace ClusterSession.Failover.Documents;

/// <summary>Steps of a switch up to the next lease. Each is written before it is done.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SwitchStep>))]
internal enum SwitchStep
{
    /// <summary>
    /// The master rules on until its successor is ready, or until it retracts the switch.
    /// </summary>
    Wait,

    /// <summary>The master closes, and waits until its successor has everything.</summary>
    Close,

    /// <summary>The lease is free, and the successor's before it is anybody else's.</summary>
    HandOver,
}
