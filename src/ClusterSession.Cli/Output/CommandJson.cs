using System.Text.Json.Serialization;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Output;

/// <summary>What the commands print.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(CommandReport))]
[JsonSerializable(typeof(HistoryStatus))]
[JsonSerializable(typeof(ConfigReport))]
[JsonSerializable(typeof(CompletionReport))]
[JsonSerializable(typeof(StartReport))]
[JsonSerializable(typeof(NotifyReport))]
internal sealed partial class CommandJson : JsonSerializerContext
{
    private static readonly CommandJson Readable = new(JsonText.Layout());
    private static readonly CommandJson Compact = new(JsonText.Layout(isIndented: false));

    public static string Text<T>(T value) => JsonText.Of(value, Readable);

    /// <summary>On one line: of a command that goes on writing, and of a failure, which may end
    /// that.</summary>
    public static string Line<T>(T value) => JsonText.Of(value, Compact);
}
