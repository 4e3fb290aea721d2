using System.CommandLine;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Shell;
using ClusterSession.Failover.Control;
using ClusterSession.Failover.Options;

namespace ClusterSession.Cli.Running;

/// <summary>
/// Prints how a Redis is started so that it stays closed until its agent has decided.
/// </summary>
internal sealed class ClosedStartCommands(FormatOption format, Terminal terminal)
{
    private const string PasswordVariable = "CLUSTERSESSION_REDIS_PASSWORD";

    private readonly Option<string?> _config = new("--config")
    {
        Description = "Settings of the agent, as JSON with the section ClusterSession:Failover.",
        HelpName = "file",
    };

    private readonly Option<string?> _passwordFile = new("--password-file")
    {
        Description = $"File with the password of the application's user in Redis. Without it: {PasswordVariable}.",
        HelpName = "file",
    };

    private readonly Option<string?> _output = new("--output")
    {
        Description = "Write the lines to this file, readable by its owner alone, instead of printing them.",
        HelpName = "file",
    };

    /// <summary>Lines to include in redis.conf.</summary>
    public Command Lines()
    {
        var command = new Command(
            "redis-config",
            "Prints the lines of redis.conf with which a Redis starts closed, until its agent has decided."
        )
        {
            _config,
            _passwordFile,
            _output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var start = await ReadAsync(parsed, cancellationToken).ConfigureAwait(false);
                string[] lines = [.. start.Lines()];
                var text = string.Join('\n', lines) + "\n";
                if (parsed.GetValue(_output) is { } file)
                {
                    await Files.WriteSecretlyAsync(file, text, cancellationToken).ConfigureAwait(false);
                    await PrintAsync(parsed, "", new StartReport { File = Path.GetFullPath(file) })
                        .ConfigureAwait(false);
                }
                else
                {
                    await PrintAsync(parsed, text, new StartReport { Lines = lines }).ConfigureAwait(false);
                }

                return ExitCode.Done;
            }
        );
        return command;
    }

    /// <summary>A command line.</summary>
    public Command CommandLine()
    {
        var file = new Argument<string>("redis.conf") { Description = "Configuration file of the Redis." };
        var command = new Command(
            "start-redis",
            "Prints the command that starts a Redis closed, until its agent has decided."
        )
        {
            file,
            _config,
            _passwordFile,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var start = await ReadAsync(parsed, cancellationToken).ConfigureAwait(false);
                string[] words = ["redis-server", parsed.GetValue(file)!, .. start.Arguments()];
                var text = string.Join(' ', words.Select(Quoted)) + "\n";
                await PrintAsync(parsed, text, new StartReport { Command = words }).ConfigureAwait(false);
                return ExitCode.Done;
            }
        );
        return command;
    }

    private async Task<ClosedStart> ReadAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var options = RunSettings.Read(parsed.GetValue(_config), []).Failover();
        var file = parsed.GetValue(_passwordFile);
        var password = file is null
            ? terminal.Environment(PasswordVariable)
            : (await Files.ReadAsync(file, cancellationToken).ConfigureAwait(false)).Trim();
        string?[] missing =
        [
            string.IsNullOrEmpty(options.RedisPassword) ? $"{FailoverConfiguration.Section}:RedisPassword" : null,
            string.IsNullOrEmpty(options.KeyPrefix) ? $"{FailoverConfiguration.Section}:KeyPrefix" : null,
            string.IsNullOrEmpty(password) ? "the password of the application's user" : null,
        ];
        return missing.OfType<string>().FirstOrDefault() is not { } name
            ? new ClosedStart
            {
                AgentUser = options.RedisUser,
                AgentPassword = options.RedisPassword!,
                ApplicationUser = options.ApplicationUser,
                ApplicationPassword = password!,
                KeyPrefix = options.KeyPrefix!,
            }
            : throw new ToolException(
                ExitCode.Usage,
                $"Not set: {name}.",
                $"Give the agent's settings by --config, and the application's password by --password-file or "
                    + $"{PasswordVariable}."
            );
    }

    private Task PrintAsync(ParseResult parsed, string text, StartReport report) =>
        format.PrintAsync(parsed, terminal, text, () => CommandJson.Text(report));

    /// <summary>As a POSIX shell takes it.</summary>
    private static string Quoted(string word) =>
        word.Length > 0
        && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or ':' or '+' or '=')
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
