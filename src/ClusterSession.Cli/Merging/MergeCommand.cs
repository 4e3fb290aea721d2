using System.CommandLine;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Shell;
using ClusterSession.Redis;
using ClusterSession.Redis.Merging;

namespace ClusterSession.Cli.Merging;

/// <summary>Merges what one Redis has and another one lacks into that other one, by hand.</summary>
internal sealed class MergeCommand
{
    private const string FromVariable = "CLUSTERSESSION_MERGE_FROM";
    private const string IntoVariable = "CLUSTERSESSION_MERGE_INTO";

    private readonly Option<string?> _from = new("--from")
    {
        Description =
            "The Redis that is merged from, as host:port or a connection string. Nothing is written to it. "
            + $"With a password rather: the variable {FromVariable}.",
        HelpName = "redis",
    };

    private readonly Option<string?> _into = new("--into")
    {
        Description =
            "The Redis that is merged into, a master. With a password rather: the variable " + $"{IntoVariable}.",
        HelpName = "redis",
    };

    private readonly Option<string> _prefix = new("--prefix")
    {
        Description = "ClusterSession:KeyPrefix of the application.",
        HelpName = "prefix",
        Required = true,
    };

    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Compare everything and write nothing." };

    private readonly Option<int> _rate = new("--rate")
    {
        Description = "Sessions to compare in a second, at most; one that is written counts as ten.",
        HelpName = "sessions",
        DefaultValueFactory = _ => 50_000,
    };

    private readonly Option<TimeSpan?> _away = DurationOption.Create(
        "--away",
        "How long ago the source was last in contact, as 90s, 10m, 2h or 3d. Sessions and ends that are too old "
            + "by then are not merged. Without it only the expiries in the source decide."
    );

    private readonly Option<TimeSpan?> _idle = DurationOption.Create(
        "--idle-timeout",
        "With --away: ClusterSession:IdleTimeout of the application."
    );

    private readonly Option<TimeSpan?> _tickets = DurationOption.Create(
        "--ticket-life",
        "With --away, and where logins are kept in the store: ClusterSession:LongestTicketLife."
    );

    private readonly Option<int> _replicas = new("--replicas")
    {
        Description = "How many replicas of the target must have all of it before it counts as done.",
        HelpName = "replicas",
    };

    private MergeCommand() { }

    public static Command Create(FormatOption format, Terminal terminal)
    {
        var options = new MergeCommand();
        var command = new Command(
            "merge",
            "Merges the sessions that one Redis has and another one lacks into that other one."
        );
        foreach (
            var option in (Option[])
                [
                    options._from,
                    options._into,
                    options._prefix,
                    options._dryRun,
                    options._rate,
                    options._away,
                    options._idle,
                    options._tickets,
                    options._replicas,
                ]
        )
        {
            command.Add(option);
        }

        command.SetAction(
            (parsed, cancellation) => options.RunAsync(parsed, format.Of(parsed), terminal, cancellation)
        );
        return command;
    }

    private async Task<int> RunAsync(
        ParseResult parsed,
        OutputFormat format,
        Terminal terminal,
        CancellationToken cancellation
    )
    {
        var source = Connection(parsed, _from, FromVariable, terminal);
        var target = Connection(parsed, _into, IntoVariable, terminal);
        var settings = Settings(parsed);
        var progress = new MergeProgressLines(terminal, $"{target.Endpoints[0]}");
        try
        {
            var report = await RedisMerge
                .RunAsync(
                    new MergeSource(source),
                    new MergeTarget(target),
                    settings,
                    progress,
                    terminal.Time,
                    cancellation
                )
                .ConfigureAwait(false);
            progress.End();
            var text = new MergeText($"{source.Endpoints[0]}", $"{target.Endpoints[0]}", settings);
            if (format == OutputFormat.Json)
            {
                await terminal.Output.WriteLineAsync(MergeJson.Text(text.Json(report))).ConfigureAwait(false);
            }
            else
            {
                var page = new Page(terminal);
                text.Write(page, report);
                await page.WriteAsync(terminal.Output).ConfigureAwait(false);
            }

            return text.ExitCodeOf(report);
        }
        catch (MergeRefusedException refusal)
        {
            progress.End();
            throw new ToolException(
                ExitCode.Refused,
                $"{refusal.Message} Nothing was written.",
                Remedy(refusal.Reason)
            );
        }
        catch (MergeInterruptedException stop)
        {
            progress.End();
            throw new ToolException(
                ExitCode.Failed,
                $"{stop.Message} The merge is not complete: {stop.SoFar.Written:N0} records and elements were written.",
                Remedy(stop.Reason)
            );
        }
        catch (OperationCanceledException)
        {
            progress.End();
            throw;
        }
    }

    private static RedisOptions Connection(
        ParseResult parsed,
        Option<string?> option,
        string variable,
        Terminal terminal
    )
    {
        if ((parsed.GetValue(option) ?? terminal.Environment(variable)) is not { Length: > 0 } text)
        {
            throw new ToolException(
                ExitCode.Usage,
                $"{option.Name} is missing.",
                $"Name a Redis: {option.Name} host:port, or set {variable}."
            );
        }

        try
        {
            return RedisOptions.Parse(text) is { Endpoints.Count: 1, ServiceName: null } options
                ? options
                : throw new FormatException("it names several servers, or Sentinels");
        }
        catch (FormatException reason)
        {
            throw new ToolException(
                ExitCode.Usage,
                $"{option.Name} cannot be used: {reason.Message}",
                "Name the one Redis that is meant, as host:port."
            );
        }
    }

    private MergeSettings Settings(ParseResult parsed)
    {
        AtLeast(1, _rate, parsed);
        AtLeast(0, _replicas, parsed);
        var settings = new MergeSettings
        {
            KeyPrefix = parsed.GetValue(_prefix)!,
            RecordsPerSecond = parsed.GetValue(_rate),
            Replicas = parsed.GetValue(_replicas),
            IsDryRun = parsed.GetValue(_dryRun),
        };
        if (parsed.GetValue(_away) is not { } away)
        {
            return parsed.GetValue(_idle) is null && parsed.GetValue(_tickets) is null
                ? settings
                : throw new ToolException(
                    ExitCode.Usage,
                    $"{(parsed.GetValue(_idle) is null ? _tickets.Name : _idle.Name)} says nothing without --away.",
                    "Add --away with how long ago the source was in contact last, such as 10m."
                );
        }

        if (parsed.GetValue(_idle) is not { } idle)
        {
            throw new ToolException(
                ExitCode.Usage,
                "--away says nothing without --idle-timeout: how old a session can be depends on it.",
                "Add --idle-timeout with ClusterSession:IdleTimeout of the application, such as 20m."
            );
        }

        var life = MergeText.StoreLife(idle);
        var tickets = parsed.GetValue(_tickets) ?? TimeSpan.Zero;
        return settings with { Bounds = new MergeBounds(away, life, life + (life > tickets ? life : tickets)) };
    }

    private static void AtLeast(int least, Option<int> option, ParseResult parsed)
    {
        if (parsed.GetValue(option) is var value && value < least)
        {
            throw new ToolException(
                ExitCode.Usage,
                $"{option.Name} is {value}, and takes {least} or more.",
                $"Give {option.Name} {least} or more, or leave it out."
            );
        }
    }

    private static string Remedy(MergeFailure reason) =>
        reason switch
        {
            MergeFailure.Fenced or MergeFailure.AnotherProcess or MergeFailure.NotMaster =>
                "Find the present master (cluster-session failover status) and merge into it: all is compared anew.",
            MergeFailure.SameServer or MergeFailure.Unsupported => "Name two single servers.",
            MergeFailure.SourceUnreachable or MergeFailure.TargetUnreachable =>
                "See that it is running and reachable, and give the same command again: it does what is left.",
            _ => "Remove the cause and give the same command again: it does what is left.",
        };
}
