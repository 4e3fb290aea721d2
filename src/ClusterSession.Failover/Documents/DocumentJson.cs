using System.Text.Json.Serialization;

namespace ClusterSession.Failover.Documents;

/// <summary>Serializers, written at compile time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(ClusterDocument))]
[JsonSerializable(typeof(DocumentFormat))]
internal sealed partial class DocumentJson : JsonSerializerContext;
