using ClusterSession.Cli.Sentinels;
using ClusterSession.Failover.Options;
using ClusterSession.Redis;
using Microsoft.Extensions.Configuration;

namespace ClusterSession.Cli.Watching;

/// <summary>
/// Settings of the watcher of a Sentinel site. Its section is that of the merge before a start, so
/// that one file of a host has both.
/// </summary>
internal sealed class SentinelWatchSettings
{
    public const string Section = SentinelMergeSettings.Section;

    /// <summary>Those that the watcher alone has.</summary>
    public static readonly string[] Names = ["Interval", "Deadline"];

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private SentinelWatchSettings() { }

    /// <summary>The Sentinels, the name of the master, and the user of the application.</summary>
    public RedisOptions Redis { get; private set; } = new();

    /// <summary>
    /// The Redis of this host as the Sentinels know it; null: it watches, and speaks for no Redis.
    /// </summary>
    public RedisEndpoint? Own { get; private set; }

    /// <summary>How often it looks.</summary>
    public TimeSpan Interval { get; private set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an answer may take.</summary>
    public TimeSpan Deadline { get; private set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// For how long a look counts: the Sentinels and then Redis may take the deadline each, until
    /// the next look is there.
    /// </summary>
    public TimeSpan LookLife => Interval + (2 * Deadline);

    /// <exception cref="ToolException">Something is missing, or cannot be used.</exception>
    public static SentinelWatchSettings Read(IConfiguration configuration)
    {
        var settings = new SentinelWatchSettings();
        var (errors, connection, own) = (new List<string>(), "", "");
        var reader = new SettingsReader(configuration.GetSection(Section), errors);
        reader.Text("Redis", value => connection = value);
        reader.Text("RedisAddress", value => own = value);
        reader.Span("Interval", value => settings.Interval = value);
        reader.Span("Deadline", value => settings.Deadline = value);
        foreach (var other in SentinelMergeSettings.Names)
        {
            reader.Text(other, static _ => { });
        }

        reader.ReportUnknown();
        settings.Redis = SentinelConnection.Read(connection, $"{Section}:Redis", errors) ?? settings.Redis;
        if (RedisAddress.TryParse(own, out var endpoint))
        {
            settings.Own = endpoint;
        }
        else if (own.Length > 0)
        {
            errors.Add($"{Section}:RedisAddress is '{own}'. Write it as host:port, as the Sentinels know it.");
        }

        Check("Interval", settings.Interval);
        Check("Deadline", settings.Deadline);
        return errors.Count == 0
            ? settings
            : throw new ToolException(
                ExitCode.Usage,
                string.Join(" ", errors),
                "Correct the settings: docs/operations/sentinel.md has them all."
            );

        void Check(string name, TimeSpan value)
        {
            if (value < Shortest || value > Longest)
            {
                errors.Add($"{Section}:{name} is '{value}'. Set it to 00:00:00.050 at least, and 00:01:00 at most.");
            }
        }
    }
}
