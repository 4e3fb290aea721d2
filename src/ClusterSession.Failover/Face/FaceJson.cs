using System.Text.Json.Serialization;

namespace ClusterSession.Failover.Face;

/// <summary>Serializers of the HTTP face, written at compile time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(ClusterStatus))]
[JsonSerializable(typeof(RoleStatus))]
[JsonSerializable(typeof(HealthStatus))]
[JsonSerializable(typeof(HistoryStatus))]
[JsonSerializable(typeof(CommandRequest))]
[JsonSerializable(typeof(CommandAnswer))]
internal sealed partial class FaceJson : JsonSerializerContext;
