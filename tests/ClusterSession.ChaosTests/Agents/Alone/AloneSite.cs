using System.Text;
using ClusterSession.Failover.Control;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.ChaosTests.Agents.Alone;

/// <summary>Two hosts between which keepalived alone decides: no votes and no agent.</summary>
internal sealed class AloneSite : IAsyncDisposable
{
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(22);

    private readonly TemporaryDirectory _directory = new();
    private readonly VersionSource _versions = new(writer: 7);
    private readonly List<AloneSide> _sides = [];

    public string Path => _directory.Path;

    public AloneSide this[int side] => _sides[side];

    public AloneSide A => _sides[0];

    public AloneSide B => _sides[1];

    public static async Task<AloneSite> StartAsync(IReadOnlyList<NetworkHost>? hosts = null)
    {
        var site = new AloneSite();
        var where = hosts ?? [NetworkHost.Loopback, NetworkHost.Loopback];
        int[] ports = hosts is null ? [FreePort.Next(), FreePort.Next()] : [6379, 6379];
        for (var i = 0; i < 2; i++)
        {
            var closed = new ClosedStart
            {
                AgentUser = AgentSite.AgentUser,
                AgentPassword = AgentSite.AgentPassword,
                ApplicationUser = AgentSite.NodeUser,
                ApplicationPassword = AgentSite.NodePassword,
                KeyPrefix = AgentSite.KeyPrefix,
            };
            var listen = hosts is null ? [] : new[] { await VirtualAddress.ListenAsync(where[i]) };
            var redis = await RedisServer.StartAsync(
                new RedisServerOptions
                {
                    On = where[i],
                    Port = ports[i],
                    AppendOnly = true,
                    Config = [.. closed.Lines(), .. listen],
                }
            );
            var (settings, notices) = (site._directory.File($"redis-{i}.json"), site._directory.File($"notices-{i}"));
            await File.WriteAllTextAsync(
                settings,
                $$"""
                { "ClusterSession": { "Failover": {
                  "Cluster": "shop", "Name": "redis-{{i}}", "Secret": "the-secret-of-this-site",
                  "Members": [
                    { "Name": "redis-0", "Redis": "{{where[0].Address}}:{{ports[0]}}" },
                    { "Name": "redis-1", "Redis": "{{where[1].Address}}:{{ports[1]}}" }
                  ],
                  "Directory": "{{notices}}",
                  "RedisUser": "{{AgentSite.AgentUser}}", "RedisPassword": "{{AgentSite.AgentPassword}}",
                  "ApplicationUser": "{{AgentSite.NodeUser}}", "KeyPrefix": "{{AgentSite.KeyPrefix}}"
                } } }
                """
            );
            site._sides.Add(new AloneSide(where[i], redis, settings, notices));
        }

        return site;
    }

    /// <summary>A is open as master, and B follows it.</summary>
    public static async Task<AloneSite> InStepAsync()
    {
        var site = await StartAsync();
        await site.A.NotifyAsync("master", "is open.");
        await site.B.NotifyAsync("backup", "Follows redis-0");
        await site.B.FollowsAsync(site.A);
        return site;
    }

    /// <summary>Sessions that a node commits to a Redis.</summary>
    public async Task<IReadOnlyList<SessionKey>> CreateAsync(AloneSide at, int sessions)
    {
        await using var store = await at.StoreAsync();
        return await CreateAsync(store, sessions);
    }

    public async Task<IReadOnlyList<SessionKey>> CreateAsync(RedisSessionStore store, int sessions)
    {
        var keys = new List<SessionKey>();
        for (var i = 0; i < sessions; i++)
        {
            var (key, version, delta) = (SessionKeys.New(), _versions.Next(), new SessionDelta());
            delta.Set("name", Encoding.UTF8.GetBytes($"{i}"));
            var record = delta.ApplyTo(SessionRecord.New(DateTimeOffset.UnixEpoch), version, 0);
            var merge = new SessionMerge(record, version, MergeMode.Create, Life, PreviousStamp: 0);
            Assert.Equal(WriteOutcome.Committed, (await store.MergeAsync(key, merge, default)).Outcome);
            keys.Add(key);
        }

        return keys;
    }

    /// <summary>Checks that a Redis has all of them, readable by a node.</summary>
    public static async Task HasAsync(AloneSide at, IEnumerable<SessionKey> sessions)
    {
        await using var store = await at.StoreAsync();
        foreach (var key in sessions)
        {
            Assert.NotNull((await store.ReadAsync(key, SessionVersion.None, default)).Record);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var side in _sides)
        {
            await side.DisposeAsync();
        }

        _directory.Dispose();
    }
}
