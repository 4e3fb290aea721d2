using ClusterSession.Cli.Shell;
using ClusterSession.Redis;
using Microsoft.Extensions.Configuration;

namespace ClusterSession.Cli.Watching;

/// <summary>Settings of the watcher of a Sentinel site.</summary>
internal sealed class SentinelWatchSettings
{
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
    /// For how long a look counts: until the next look has ended. A look takes twice the deadline
    /// at most: once for the Sentinels, then once for Redis. The next look begins after the
    /// interval, or, if that is later, when this one and <see cref="Pause"/> are over.
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
        var section = new SentinelSection(configuration);
        section.Values.Span("Interval", value => settings.Interval = value);
        section.Values.Span("Deadline", value => settings.Deadline = value);
        settings.Redis = section.ReadConnection() ?? settings.Redis;
        settings.Own = section.ReadOwn(isNeeded: false);
        Check("Interval", settings.Interval);
        Check("Deadline", settings.Deadline);
        section.ThrowIfWrong();
        return settings;

        void Check(string name, TimeSpan value)
        {
            if (value < Shortest || value > Longest)
            {
                section.Refuse(name, $"is '{value}'. Set it to 00:00:00.050 at least, and 00:01:00 at most.");
            }
        }
    }
}
