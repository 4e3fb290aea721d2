using ClusterSession.Cli.Watching;
using ClusterSession.Failover.Options;
using ClusterSession.Redis;
using Microsoft.Extensions.Configuration;

namespace ClusterSession.Cli.Sentinels;

/// <summary>Settings of the merge before a Redis of a Sentinel site is started.</summary>
internal sealed class SentinelMergeSettings
{
    public const string Section = "ClusterSession:Sentinel";

    /// <summary>Those that the merge alone has: it shares its section with the watcher.</summary>
    public static readonly string[] Names =
    [
        "RedisConfig",
        "RedisProgram",
        "KeyPrefix",
        "IdleTimeout",
        "TicketLife",
        "TimeLimit",
        "FailoverWait",
        "StartUnmerged",
    ];

    private SentinelMergeSettings() { }

    /// <summary>
    /// The Sentinels, the name of the master, and a user of the application's rights, as nodes have
    /// them.
    /// </summary>
    public RedisOptions Redis { get; private set; } = new();

    /// <summary>Where the Sentinels know the Redis of this host.</summary>
    public RedisEndpoint Own { get; private set; }

    /// <summary>The configuration with which its unit starts it.</summary>
    public string ConfigFile { get; private set; } = "";

    /// <summary>redis-server.</summary>
    public string Program { get; private set; } = "redis-server";

    /// <summary><c>ClusterSession:KeyPrefix</c> of the application.</summary>
    public string KeyPrefix { get; private set; } = "";

    /// <summary><c>ClusterSession:IdleTimeout</c> of the application.</summary>
    public TimeSpan IdleTimeout { get; private set; } = TimeSpan.FromMinutes(20);

    /// <summary>The longest life of its logins, where the store keeps them.</summary>
    public TimeSpan TicketLife { get; private set; }

    /// <summary>
    /// How long the Sentinels are asked at most, and how long is merged at most. What the Redis
    /// needs to load its data is not counted.
    /// </summary>
    public TimeSpan TimeLimit { get; private set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long to wait for a failover while the master that the Sentinels name is down.
    /// </summary>
    public TimeSpan FailoverWait { get; private set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether the Redis is to start though it was not merged.</summary>
    public bool StartUnmerged { get; private set; }

    /// <exception cref="ToolException">Something is missing, or cannot be used.</exception>
    public static SentinelMergeSettings Read(IConfiguration configuration)
    {
        var settings = new SentinelMergeSettings();
        var (errors, connection, own) = (new List<string>(), "", "");
        var reader = new SettingsReader(configuration.GetSection(Section), errors);
        reader.Text("Redis", value => connection = value);
        reader.Text("RedisAddress", value => own = value);
        reader.Text("RedisConfig", value => settings.ConfigFile = value);
        reader.Text("RedisProgram", value => settings.Program = value);
        reader.Text("KeyPrefix", value => settings.KeyPrefix = value);
        reader.Span("IdleTimeout", value => settings.IdleTimeout = value);
        reader.Span("TicketLife", value => settings.TicketLife = value);
        reader.Span("TimeLimit", value => settings.TimeLimit = value);
        reader.Span("FailoverWait", value => settings.FailoverWait = value);
        reader.Flag("StartUnmerged", value => settings.StartUnmerged = value);
        foreach (var other in SentinelWatchSettings.Names)
        {
            reader.Text(other, static _ => { });
        }

        reader.ReportUnknown();
        if (SentinelConnection.Read(connection, $"{Section}:Redis", errors) is { } options)
        {
            settings.Redis = options;
        }

        settings.Own = SentinelConnection.ReadAddress(own, $"{Section}:RedisAddress", errors) ?? default;
        AddMissing("RedisConfig", settings.ConfigFile, "the file with which redis-server is started");
        AddMissing("KeyPrefix", settings.KeyPrefix, "ClusterSession:KeyPrefix of the application");
        AddShort("IdleTimeout", settings.IdleTimeout);
        AddShort("TimeLimit", settings.TimeLimit);
        return errors.Count == 0
            ? settings
            : throw new ToolException(
                ExitCode.Usage,
                string.Join(" ", errors),
                "Correct the settings: docs/operations/sentinel.md has them all."
            );

        void AddMissing(string name, string value, string what)
        {
            if (value.Length == 0)
            {
                errors.Add($"{Section}:{name} is not set. Set it to {what}.");
            }
        }

        void AddShort(string name, TimeSpan value)
        {
            if (value < TimeSpan.FromSeconds(1))
            {
                errors.Add($"{Section}:{name} is '{value}'. Set it to 00:00:01 or more.");
            }
        }
    }
}
