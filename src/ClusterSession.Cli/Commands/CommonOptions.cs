using System.CommandLine;
using ClusterSession.Cli.Agents;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Shell;

namespace ClusterSession.Cli.Commands;

/// <summary>What every command that asks agents takes.</summary>
internal sealed class CommonOptions
{
    private const double DefaultTimeout = 2;
    private const double LongestTimeout = 60;

    private readonly Option<string[]> _agents = new("--agent")
    {
        Description =
            "Address of an agent, as http://host:port; repeatable. Without it: CLUSTERSESSION_AGENTS, "
            + "then the members in --config.",
        HelpName = "url",
    };

    private readonly Option<string?> _secretFile = new("--secret-file")
    {
        Description =
            "File with the cluster's secret, for commands that change something. Without it: "
            + "CLUSTERSESSION_SECRET, then --config.",
        HelpName = "file",
    };

    private readonly Option<double> _timeout = new("--timeout")
    {
        Description = "Seconds that an agent has to answer; up to 60.",
        HelpName = "seconds",
        DefaultValueFactory = _ => DefaultTimeout,
    };

    /// <summary>How to write the result.</summary>
    public FormatOption Format { get; }

    /// <summary>The agent's own settings, in JSON.</summary>
    public Option<string?> Config { get; } =
        new("--config")
        {
            Description = "Settings of an agent, as JSON with the section ClusterSession:Failover.",
            HelpName = "file",
        };

    public CommonOptions(FormatOption format)
    {
        Format = format;
        _timeout.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (> 0 and <= LongestTimeout))
            {
                result.AddError("--timeout takes seconds above 0, up to 60.");
            }
        });
    }

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_agents, Config, _timeout])
        {
            command.Add(option);
        }
    }

    public void AddSecretTo(Command command) => command.Add(_secretFile);

    public AgentClient Client(ParseResult parsed, Terminal terminal) =>
        new(TimeSpan.FromSeconds(parsed.GetValue(_timeout)), terminal.Time);

    public AgentGroup Group(ParseResult parsed, Terminal terminal, AgentClient client) =>
        new(client, ClusterAccess.Agents(parsed.GetValue(_agents) ?? [], parsed.GetValue(Config), terminal));

    public Task<string> SecretAsync(ParseResult parsed, Terminal terminal, CancellationToken cancellationToken) =>
        ClusterAccess.SecretAsync(parsed.GetValue(_secretFile), parsed.GetValue(Config), terminal, cancellationToken);
}
