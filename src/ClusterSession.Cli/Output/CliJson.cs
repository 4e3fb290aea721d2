using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ClusterSession.Cli.Merging;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Output;

/// <summary>Serializers of what the tool prints, written at compile time.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(SentinelReport))]
[JsonSerializable(typeof(CommandReport))]
[JsonSerializable(typeof(HistoryStatus))]
[JsonSerializable(typeof(MergeOutput))]
internal sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>Addresses and sentences as they are: this is no page.</summary>
    private static readonly CliJson Readable = new(
        new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            WriteIndented = true,
            NewLine = "\n",
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }
    );

    public static string Text<T>(T value) =>
        JsonSerializer.Serialize(value, (JsonTypeInfo<T>)Readable.GetTypeInfo(typeof(T))!);
}
