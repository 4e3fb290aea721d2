using System.CommandLine;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Watching;
using ClusterSession.Failover;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ClusterSession.Cli.Running;

/// <summary>Runs an agent, a voter without Redis, or a follower, until it is stopped.</summary>
internal sealed class RunCommands(FormatOption format)
{
    private readonly Option<string?> _config = new("--config")
    {
        Description =
            "Settings as JSON, with the section ClusterSession:Failover. Environment variables such as "
            + "ClusterSession__Failover__Name override it, --set overrides both.",
        HelpName = "file",
    };

    private readonly Option<string[]> _set = new("--set")
    {
        Description =
            "A setting, as Name=redis-a for ClusterSession:Failover:Name; repeatable. Not for secrets: every "
            + "user of the computer can read arguments.",
        HelpName = "key=value",
    };

    /// <summary>Runs the agent beside a Redis.</summary>
    public Command Agent() => Create("agent", "Runs the agent beside a Redis, until it is stopped.", RunHost.Agent);

    /// <summary>Runs a member of the coordination store without Redis.</summary>
    public Command Voter() =>
        Create(
            "voter",
            "Runs the member of the coordination store that has no Redis, until it is stopped.",
            RunHost.Voter
        );

    /// <summary>Runs the follower beside a Redis that is no member.</summary>
    public Command Follower() =>
        Create(
            "follower",
            "Runs the process beside a Redis that follows the master, never becomes one, and is no member, until it "
                + "is stopped.",
            RunHost.Follower
        );

    private Command Create(string name, string description, Func<RunSettings, OutputFormat, WebApplication> create)
    {
        var command = new Command(name, description) { _config, _set };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                await RunAsync(
                        () =>
                            create(
                                RunSettings.Read(parsed.GetValue(_config), parsed.GetValue(_set) ?? []),
                                format.Of(parsed)
                            ),
                        cancellationToken
                    )
                    .ConfigureAwait(false);
                return ExitCode.Done;
            }
        );
        return command;
    }

    /// <summary>Runs a process until it is stopped, and says systemd how it is.</summary>
    /// <exception cref="ToolException">It cannot start.</exception>
    public static async Task RunAsync(Func<WebApplication> create, CancellationToken cancellationToken)
    {
        try
        {
            await using var app = create();
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
            await using var manager = new ServiceManager(
                Environment.GetEnvironmentVariable,
                () =>
                    app.Services.GetService<ClusterFace>()?.IsAlive
                    ?? app.Services.GetService<SentinelWatch>()?.IsAlive
                    ?? true,
                TimeProvider.System
            );
            await Microsoft
                .Extensions.Hosting.HostingAbstractionsHostExtensions.WaitForShutdownAsync(app, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (OptionsValidationException exception)
        {
            throw new ToolException(
                ExitCode.Usage,
                string.Join(" ", exception.Failures),
                "Correct the settings: docs/settings.md has them all."
            );
        }
        catch (IOException exception)
        {
            throw new ToolException(
                ExitCode.Failed,
                exception.Message,
                "If the address is in use, see which process has it, or set Urls. If a file cannot be used, see that "
                    + "its directory exists and belongs to this user."
            );
        }
    }
}
