using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Watching;
using ClusterSession.Redis;
using Microsoft.Extensions.Configuration;

namespace ClusterSession.Cli.Sentinels;

/// <summary>Settings of the merge before a Redis of a Sentinel site is started.</summary>
internal sealed class SentinelMergeSettings
{
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
        var section = new SentinelSection(configuration);
        var values = section.Values;
        values.Text("RedisConfig", value => settings.ConfigFile = value);
        values.Text("RedisProgram", value => settings.Program = value);
        values.Text("KeyPrefix", value => settings.KeyPrefix = value);
        values.Span("IdleTimeout", value => settings.IdleTimeout = value);
        values.Span("TicketLife", value => settings.TicketLife = value);
        values.Span("TimeLimit", value => settings.TimeLimit = value);
        values.Span("FailoverWait", value => settings.FailoverWait = value);
        values.Flag("StartUnmerged", value => settings.StartUnmerged = value);
        settings.Redis = section.ReadConnection() ?? settings.Redis;
        settings.Own = section.ReadOwn(isNeeded: true) ?? default;
        Require("RedisConfig", settings.ConfigFile, "the file with which redis-server is started");
        Require("KeyPrefix", settings.KeyPrefix, "ClusterSession:KeyPrefix of the application");
        RequireSecond("IdleTimeout", settings.IdleTimeout);
        RequireSecond("TimeLimit", settings.TimeLimit);
        section.ThrowIfWrong();
        return settings;

        void Require(string name, string value, string what)
        {
            if (value.Length == 0)
            {
                section.Refuse(name, $"is not set. Set it to {what}.");
            }
        }

        void RequireSecond(string name, TimeSpan value)
        {
            if (value < TimeSpan.FromSeconds(1))
            {
                section.Refuse(name, $"is '{value}'. Set it to 00:00:01 or more.");
            }
        }
    }
}
