using ClusterSession.Cli.Watching;
using Microsoft.Extensions.Configuration;

namespace ClusterSession.Cli.Tests.Watching;

/// <summary>Settings of a watcher of <see cref="Sights"/>.</summary>
internal static class WatchSettings
{
    public static SentinelWatchSettings Of(string? own, string? interval = null, string? deadline = null) =>
        SentinelWatchSettings.Read(
            new ConfigurationBuilder()
                .AddInMemoryCollection(
                    new Dictionary<string, string?>
                    {
                        ["ClusterSession:Sentinel:Redis"] = "10.0.0.21:26379,serviceName=shop",
                        ["ClusterSession:Sentinel:RedisAddress"] = own,
                        ["ClusterSession:Sentinel:Interval"] = interval,
                        ["ClusterSession:Sentinel:Deadline"] = deadline,
                    }
                )
                .Build()
        );
}
