using System.CommandLine;
using ClusterSession.Cli.Shell;

namespace ClusterSession.Cli.Output;

/// <summary>How a command writes what it says. Every command takes it.</summary>
internal sealed class FormatOption
{
    public const string Name = "--format";

    private const string Text = "text";
    private const string Json = "json";

    private readonly Option<string> _format = new(Name)
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

    /// <summary>Prints a text, or what says the same in JSON.</summary>
    public Task PrintAsync(ParseResult parsed, Terminal terminal, string text, Func<string> json) =>
        terminal.Output.WriteAsync(Of(parsed) == OutputFormat.Json ? json() + "\n" : text);

    public OutputFormat Of(ParseResult parsed) =>
        parsed.GetResult(_format)?.GetValueOrDefault<string>() == Json ? OutputFormat.Json : OutputFormat.Text;
}
