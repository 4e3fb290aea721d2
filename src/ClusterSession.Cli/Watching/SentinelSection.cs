using ClusterSession.Cli.Shell;
using ClusterSession.Failover.Options;
using ClusterSession.Redis;
using Microsoft.Extensions.Configuration;

namespace ClusterSession.Cli.Watching;

/// <summary>
/// The settings of a host of a Sentinel site. One section for the merge before a start and for the
/// watcher, so that one file of a host has both: each reads its own, and knows those of the other.
/// </summary>
internal sealed class SentinelSection
{
    public const string Name = "ClusterSession:Sentinel";

    private static readonly string[] Names =
    [
        "Redis",
        "RedisAddress",
        "RedisConfig",
        "RedisProgram",
        "KeyPrefix",
        "IdleTimeout",
        "TicketLife",
        "TimeLimit",
        "FailoverWait",
        "StartUnmerged",
        "Interval",
        "Deadline",
    ];

    private readonly List<string> _errors = [];

    public SentinelSection(IConfiguration configuration)
    {
        Values = new SettingsReader(configuration.GetSection(Name), _errors);
        Values.Ignore(Names);
        Values.ReportUnknown();
    }

    /// <summary>Reads a setting.</summary>
    public SettingsReader Values { get; }

    /// <summary>The Sentinels, the name of the master, and the user of the application.</summary>
    /// <returns>Null: it cannot be used.</returns>
    public RedisOptions? ReadConnection()
    {
        var text = "";
        Values.Text("Redis", value => text = value);
        return SentinelConnection.Read(text, $"{Name}:Redis", _errors);
    }

    /// <summary>The Redis of this host as the Sentinels know it.</summary>
    /// <param name="isNeeded">Whether a host without one is a mistake.</param>
    /// <returns>Null: it is not set, or cannot be used.</returns>
    public RedisEndpoint? ReadOwn(bool isNeeded)
    {
        var text = "";
        Values.Text("RedisAddress", value => text = value);
        return text.Length > 0 || isNeeded
            ? SentinelConnection.ReadAddress(text, $"{Name}:RedisAddress", _errors)
            : null;
    }

    /// <summary>Something is wrong with a setting.</summary>
    /// <param name="setting">Its name.</param>
    /// <param name="problem">What is wrong and what to set, as the rest of the sentence.</param>
    public void Refuse(string setting, string problem) => _errors.Add($"{Name}:{setting} {problem}");

    /// <exception cref="ToolException">Something is missing, or cannot be used.</exception>
    public void ThrowIfWrong()
    {
        if (_errors.Count > 0)
        {
            throw new ToolException(
                ExitCode.Usage,
                string.Join(" ", _errors),
                "Correct the settings: docs/operations/sentinel.md has them all."
            );
        }
    }
}
