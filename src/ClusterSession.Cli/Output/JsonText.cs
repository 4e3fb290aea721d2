using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ClusterSession.Cli.Output;

/// <summary>How the tool prints JSON. The serializers are those of this room, of a
/// merge and of a Sentinel site.</summary>
internal static class JsonText
{
    /// <summary>The options. Text is not escaped for HTML: the output is no web page.</summary>
    public static JsonSerializerOptions Layout(bool isIndented = true) =>
        new()
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            WriteIndented = isIndented,
            NewLine = "\n",
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };

    /// <summary>The text of a value of a type that the serializer knows.</summary>
    public static string Of<T>(T value, JsonSerializerContext types) =>
        JsonSerializer.Serialize(value, (JsonTypeInfo<T>)types.GetTypeInfo(typeof(T))!);
}
