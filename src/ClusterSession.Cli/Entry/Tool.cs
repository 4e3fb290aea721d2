using System.CommandLine;
using System.CommandLine.Invocation;
using ClusterSession.Cli.Commands;
using ClusterSession.Cli.Merging;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Running;
using ClusterSession.Cli.Sentinels;
using ClusterSession.Cli.Shell;

namespace ClusterSession.Cli.Entry;

/// <summary>The commands, and what is common to them: usage, failures, exit codes.</summary>
internal static class Tool
{
    private const string Failover = "failover";

    public static async Task<int> RunAsync(
        string[] args,
        Terminal terminal,
        CancellationToken cancellationToken = default
    )
    {
        var root = new RootCommand("The command line of ClusterSession.");
        var format = new FormatOption(root);
        Fill(root, format, terminal);
        var parsed = root.Parse(Spelled(args));
        if (parsed.Action is ParseErrorAction errors)
        {
            errors.ShowHelp = false;
            await parsed
                .InvokeAsync(Streams(terminal with { Output = terminal.Error }), cancellationToken)
                .ConfigureAwait(false);
            await terminal.Error.WriteLineAsync($"See: {Path(parsed.CommandResult)} --help").ConfigureAwait(false);
            return ExitCode.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(Streams(terminal), cancellationToken).ConfigureAwait(false);
        }
        catch (ToolException exception)
        {
            return await ReportAsync(exception, format.Of(parsed), terminal).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
    }

    /// <summary>
    /// The library admits no command of its parent's name, so that "failover failover" is another
    /// spelling of "failover now".
    /// </summary>
    private static string[] Spelled(string[] args)
    {
        var words = Enumerable
            .Range(0, args.Length)
            .Where(i => !args[i].StartsWith('-') && (i == 0 || args[i - 1] != FormatOption.Name))
            .Take(2)
            .ToArray();
        return words is [var first, var second] && (args[first], args[second]) == (Failover, Failover)
            ? [.. args[..second], ChangeCommand.Now, .. args[(second + 1)..]]
            : args;
    }

    /// <summary>Adds all commands.</summary>
    public static void Fill(RootCommand root, FormatOption format, Terminal terminal)
    {
        var common = new CommonOptions(format);
        var failover = new Command(
            Failover,
            "One master and no other: the agent beside each Redis, and the commands of its operators."
        )
        {
            StatusCommand.Create(common, terminal),
            HistoryCommand.Create(common, terminal),
        };
        foreach (var command in ChangeCommand.CreateAll(common, terminal))
        {
            failover.Add(command);
        }

        var (run, start) = (new RunCommands(format), new ClosedStartCommands(format, terminal));
        failover.Add(run.Agent());
        failover.Add(run.Voter());
        failover.Add(run.Follower());
        failover.Add(NotifyCommand.Create(format, terminal));
        failover.Add(start.Lines());
        failover.Add(start.CommandLine());
        foreach (
            var command in (Command[])
                [
                    failover,
                    MergeCommand.Create(format, terminal),
                    new("sentinel", "Where Sentinel decides who is the master.")
                    {
                        SentinelStatusCommand.Create(format, terminal),
                        SentinelWatchCommand.Create(format),
                        SentinelMergeCommand.Create(format, terminal),
                    },
                    ConfigCommand.Create(format, terminal),
                    CompletionCommand.Create(format, terminal),
                ]
        )
        {
            root.Add(command);
        }
    }

    private static InvocationConfiguration Streams(Terminal terminal) =>
        new()
        {
            Output = terminal.Output,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
        };

    private static async Task<int> ReportAsync(ToolException exception, OutputFormat format, Terminal terminal)
    {
        if (format == OutputFormat.Json)
        {
            await terminal
                .Output.WriteLineAsync(
                    CommandJson.Line(
                        new CommandReport
                        {
                            Outcome =
                                exception.ExitCode == ExitCode.Refused ? CommandOutcome.Refused : CommandOutcome.Failed,
                            ExitCode = exception.ExitCode,
                            Reason = exception.Reason,
                            Remedy = exception.Remedy,
                        }
                    )
                )
                .ConfigureAwait(false);
            return exception.ExitCode;
        }

        var page = new Page(terminal with { HasColour = false });
        page.Text(exception.Reason);
        page.Pairs([("To do", exception.Remedy)]);
        await page.WriteAsync(terminal.Error).ConfigureAwait(false);
        return exception.ExitCode;
    }

    private static string Path(System.CommandLine.Parsing.SymbolResult? result)
    {
        var names = new List<string>();
        for (; result is not null; result = result.Parent)
        {
            if (result is System.CommandLine.Parsing.CommandResult command)
            {
                names.Insert(0, command.Command is RootCommand ? "cluster-session" : command.Command.Name);
            }
        }

        return string.Join(' ', names);
    }
}
