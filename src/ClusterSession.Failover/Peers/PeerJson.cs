using System.Text.Json.Serialization;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Peers;

/// <summary>Asks an agent to take no lease for a while.</summary>
/// <param name="Epoch">The lease that it is to respect.</param>
/// <param name="Adoptions">How often members were adopted, as far as the asking agent
/// knows.</param>
/// <param name="DurationMilliseconds">For how long.</param>
internal sealed record PromiseRequest(long Epoch, long Adoptions, long DurationMilliseconds);

/// <summary>What an agent answers another.</summary>
/// <param name="Yes">Whether the loop is alive (GET), or the promise is given (POST).</param>
internal sealed record PeerAnswer(bool Yes)
{
    /// <summary>
    /// The agent's merge into the master; null: there is none, or another thing was asked.
    /// </summary>
    public MergeSight? Merge { get; init; }
}

/// <summary>Serializers, written at compile time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(PromiseRequest))]
[JsonSerializable(typeof(PeerAnswer))]
internal sealed partial class PeerJson : JsonSerializerContext;
