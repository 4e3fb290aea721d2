using System.Text.Json.Serialization;

namespace ClusterSession.Failover.Documents;

/// <summary>Steps by which a member gets all data anew.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ReinitStep>))]
internal enum ReinitStep
{
    /// <summary>
    /// It becomes a closed master: its history is then one that the master does not know.
    /// </summary>
    Detach,

    /// <summary>It follows the master, which can only send everything.</summary>
    Follow,
}
