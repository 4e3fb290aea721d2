using System.CommandLine;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Running;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Watching;
using ClusterSession.Redis;

namespace ClusterSession.Cli.Sentinels;

/// <summary>Says how a Sentinel site is.</summary>
internal sealed class SentinelStatusCommand
{
    private const string Variable = "CLUSTERSESSION_SENTINELS";
    private const string Client = "cluster-session-status";
    private const double DefaultTimeout = 2;
    private const double LongestTimeout = 60;

    private readonly Option<string?> _config = new("--config")
    {
        Description =
            $"Settings as JSON, with Redis in the section {SentinelSection.Name}, or ClusterSession:Redis "
            + "as the application has it.",
        HelpName = "file",
    };

    private readonly Option<string?> _redis = new("--redis")
    {
        Description =
            "Connection string of the application, with Sentinels and serviceName. With a password rather: the "
            + $"variable {Variable}.",
        HelpName = "connection string",
    };

    private readonly Option<double> _timeout = new("--timeout")
    {
        Description = "Seconds that a Sentinel or Redis has to answer; up to 60.",
        HelpName = "seconds",
        DefaultValueFactory = _ => DefaultTimeout,
    };

    private SentinelStatusCommand() =>
        _timeout.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (> 0 and <= LongestTimeout))
            {
                result.AddError("--timeout takes seconds above 0, up to 60.");
            }
        });

    public static Command Create(FormatOption format, Terminal terminal)
    {
        var options = new SentinelStatusCommand();
        var command = new Command(
            "status",
            "Asks all Sentinels and every Redis that they name: who is the master, who agrees, who follows, what is "
                + "wrong. Exit code: 0 healthy, 5 no master or two, 6 something needs attention, 4 no Sentinel "
                + "responding."
        )
        {
            options._config,
            options._redis,
            options._timeout,
        };
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
        var deadline = TimeSpan.FromSeconds(parsed.GetValue(_timeout));
        var lookout = new SiteLookout(Connection(parsed, terminal), own: null, deadline, Client, terminal.Time);
        await using var ending = lookout.ConfigureAwait(false);
        var facts = new SiteFacts(await lookout.LookAsync(cancellation).ConfigureAwait(false));
        var verdict = SiteVerdict.Of(facts);
        if (format == OutputFormat.Json)
        {
            await terminal
                .Output.WriteLineAsync(SentinelJson.Text(SentinelReport.Of(verdict, facts)))
                .ConfigureAwait(false);
            return verdict.ExitCode;
        }

        var page = new Page(terminal);
        new SentinelPage(page).Add(verdict, facts);
        await page.WriteAsync(terminal.Output).ConfigureAwait(false);
        return verdict.ExitCode;
    }

    private RedisOptions Connection(ParseResult parsed, Terminal terminal)
    {
        var (name, text) = (parsed.GetValue(_redis), parsed.GetValue(_config)) switch
        {
            ({ } given, _) => ("--redis", given),
            (null, { } file) => FromFile(file),
            _ => (Variable, terminal.Environment(Variable) ?? ""),
        };
        var errors = new List<string>();
        return SentinelConnection.Read(text, name, errors) is { } options && errors.Count == 0
            ? options
            : throw new ToolException(
                ExitCode.Usage,
                string.Join(" ", errors),
                $"Give the connection string of the application by --config, --redis or {Variable}."
            );
    }

    private static (string Name, string Text) FromFile(string file)
    {
        const string Own = SentinelSection.Name + ":Redis";
        var configuration = RunSettings.Read(file, [], SentinelSection.Name).Configuration;
        return configuration[Own] is { Length: > 0 } text
            ? (Own, text)
            : ($"{Own} (or ClusterSession:Redis)", configuration["ClusterSession:Redis"] ?? "");
    }
}
