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

    /// <summary>What a look takes on a busy host besides waiting for answers.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(100);

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
    /// How soon it looks once more after the first look without a majority: a Sentinel that was
    /// late has answered by then, and the last look with one still counts.
    /// </summary>
    public TimeSpan Pause => Deadline / 2;

    /// <summary>
    /// For how long a look counts: until the next one is there. That one begins after the interval,
    /// or as soon as this one is over: the Sentinels and then Redis may take the deadline each. It
    /// takes as long itself.
    /// </summary>
    public TimeSpan LookLife
    {
        get
        {
            var longest = 2 * Deadline;
            return (Interval > longest + Pause ? Interval : longest + Pause) + longest + Slack;
        }
    }

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
        settings.Own = own.Length > 0 ? SentinelConnection.ReadAddress(own, $"{Section}:RedisAddress", errors) : null;

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
