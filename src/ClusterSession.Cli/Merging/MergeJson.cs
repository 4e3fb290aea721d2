using System.Text.Json.Serialization;
using ClusterSession.Cli.Output;

namespace ClusterSession.Cli.Merging;

/// <summary>What a merge prints.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(MergeOutput))]
internal sealed partial class MergeJson : JsonSerializerContext
{
    private static readonly MergeJson Readable = new(JsonText.Layout());

    public static string Text(MergeOutput value) => JsonText.Of(value, Readable);
}
