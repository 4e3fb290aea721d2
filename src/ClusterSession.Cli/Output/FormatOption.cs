using System.CommandLine;

namespace ClusterSession.Cli.Output;

/// <summary>How a command writes what it says. Every command takes it.</summary>
internal sealed class FormatOption
{
    private const string Text = "text";
    private const string Json = "json";

    private readonly Option<string> _format = new("--format")
    {
        Description = "How to write the result: for people, or for programs.",
        DefaultValueFactory = _ => Text,
        Recursive = true,
    };

    public FormatOption(RootCommand root)
    {
        _format.AcceptOnlyFromAmong(Text, Json);
        root.Add(_format);
    }

    public OutputFormat Of(ParseResult parsed) =>
        parsed.GetResult(_format)?.GetValueOrDefault<string>() == Json ? OutputFormat.Json : OutputFormat.Text;
}
