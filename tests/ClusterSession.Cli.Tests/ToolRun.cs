using System.Text.Json;
using ClusterSession.Cli.Entry;
using ClusterSession.Cli.Shell;

namespace ClusterSession.Cli.Tests;

/// <summary>The tool, run in process with texts for a terminal.</summary>
internal sealed record ToolRun(int ExitCode, string Output, string Error)
{
    /// <summary>A terminal that nobody looks at.</summary>
    public static Terminal Silent { get; } =
        new()
        {
            Output = TextWriter.Null,
            Error = TextWriter.Null,
            Input = TextReader.Null,
        };

    /// <summary>What it printed, as JSON.</summary>
    public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Output);

    public static Task<ToolRun> RunAsync(params string[] args) => RunAsync(terminal => terminal, args);

    /// <summary>Runs it on a terminal of another kind.</summary>
    public static async Task<ToolRun> RunAsync(Func<Terminal, Terminal> on, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var input = new StringReader("");
        var terminal = on(
            new Terminal
            {
                Output = output,
                Error = error,
                Input = input,
            }
        );
        var code = await Tool.RunAsync(args, terminal);
        return new ToolRun(code, output.ToString(), error.ToString());
    }

    /// <summary>An environment in which the secret of the cluster is set.</summary>
    public static Terminal WithSecret(Terminal terminal) =>
        terminal with
        {
            Environment = name => name == "CLUSTERSESSION_SECRET" ? FakeAgent.Secret : null,
        };
}
