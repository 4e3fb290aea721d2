using System.Text.Json.Serialization;
using ClusterSession.Cli.Output;

namespace ClusterSession.Cli.Watching;

/// <summary>What is printed of a Sentinel site.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(SentinelReport))]
internal sealed partial class SentinelJson : JsonSerializerContext
{
    private static readonly SentinelJson Readable = new(JsonText.Layout());

    public static string Text(SentinelReport value) => JsonText.Of(value, Readable);
}
