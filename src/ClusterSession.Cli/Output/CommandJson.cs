using System.Text.Json.Serialization;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Output;

/// <summary>What the commands that ask agents print.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(CommandReport))]
[JsonSerializable(typeof(HistoryStatus))]
internal sealed partial class CommandJson : JsonSerializerContext
{
    private static readonly CommandJson Readable = new(JsonText.Layout());

    public static string Text<T>(T value) => JsonText.Of(value, Readable);
}
