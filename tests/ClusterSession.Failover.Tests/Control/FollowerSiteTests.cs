using System.Text;
using ClusterSession.Failover.Hosting;
using ClusterSession.Failover.Tests.Hosting;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Stores;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace ClusterSession.Failover.Tests.Control;

/// <summary>
/// Two agents, a voter and a follower as processes run them, over HTTP and three real Redis.
/// </summary>
public sealed class FollowerSiteTests : IAsyncLifetime
{
    private const string Follower = "slave1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly string[] Processes = ["redis-1", "redis-2", "voter", Follower];

    private readonly TemporaryDirectory _directory = new();
    private readonly HttpClient _client = new();
    private readonly Dictionary<string, WebApplication> _running = [];
    private readonly Dictionary<string, ClosedRedis> _redis = [];
    private readonly Dictionary<string, Uri> _addresses = Processes.ToDictionary(
        name => name,
        _ => new Uri($"http://127.0.0.1:{FreePort.Next()}")
    );

    private string _first = "";
    private string _next = "";

    public async ValueTask InitializeAsync()
    {
        foreach (var name in Processes.Where(name => name != "voter"))
        {
            _redis[name] = await ClosedRedis.StartAsync(appendOnly: true);
        }

        foreach (var name in Processes)
        {
            await RunAsync(name);
        }

        await IsSoAsync(
            async () =>
            {
                _first = await GetAsync("redis-1", "primary") == 200 ? "redis-1" : "redis-2";
                return await GetAsync(_first, "primary") == 200;
            },
            "one is the master"
        );
        _next = _first == "redis-1" ? "redis-2" : "redis-1";
        await IsAsync(_next, "replica");
        await IsAsync(Follower, "replica");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in _running.Keys.ToArray())
        {
            await StopAsync(name);
        }

        foreach (var redis in _redis.Values)
        {
            await redis.DisposeAsync();
        }

        _client.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Follower_follows_the_master_and_the_next_one_when_that_is_killed()
    {
        Assert.Equal(200, await GetAsync(Follower, "read-only"));
        Assert.Equal(200, await GetAsync(Follower, "health"));
        Assert.Equal(404, await GetAsync(Follower, "primary"));
        Assert.Equal("OK", await _redis[_first].CommitAsync(await TenureAsync(_first), "one"));
        await _redis[Follower].HasAsync("one");
        await _redis[_next].HasAsync("one");

        await _redis[_first].Server.Kill9Async();
        await IsAsync(_next, "primary");
        var tenure = await TenureAsync(_next);
        Assert.Equal("OK", await _redis[_next].CommitAsync(tenure, "two"));
        await IsSoAsync(
            async () => (await _redis[Follower].SeenAsync()).Follows == tenure,
            "it follows the next master under its lease"
        );
        await IsSoAsync(async () => await _redis[Follower].ValueAsync() == "two", "it has what that one has");
        var sight = await _redis[Follower].SeenAsync();
        Assert.Equal((false, false), (sight.IsMaster, sight.AdmitsClients));
        Assert.Contains("lag_bytes", await _client.GetStringAsync(new Uri(_addresses[Follower], "metrics")));
    }

    [Fact]
    public async Task What_only_the_follower_has_is_merged_into_the_next_master_before_it_follows()
    {
        // The replica that becomes the next master has lost its link, and its agent is away.
        await StopAsync(_next);
        await _redis[_next].AskAsync("CONFIG", "SET", "masterauth", "another");
        await _redis[_first].AskAsync("CLIENT", "KILL", "TYPE", "replica");
        await IsSoAsync(async () => !(await _redis[_next].SeenAsync()).IsLinkUp, "the replica has no link");
        await IsAsync(Follower, "replica");
        var key = await CreateAsync(_first, "acknowledged");
        await IsSoAsync(async () => await HasAsync(Follower, key), "the follower has the session");
        Assert.False(await HasAsync(_next, key));

        await _redis[_first].Server.Kill9Async();
        await RunAsync(_next);
        await IsAsync(_next, "primary");
        var tenure = await TenureAsync(_next);
        await IsSoAsync(
            async () => await _redis[Follower].SeenAsync() is { IsLinkUp: true } sight && sight.Follows == tenure,
            "it follows the next master under its lease"
        );
        Assert.True(await HasAsync(_next, key));
        Assert.True(await HasAsync(Follower, key));
    }

    private async Task RunAsync(string name)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(_addresses[name].ToString());
        switch (name)
        {
            case "voter":
                builder.Services.AddRaftCoordinator(options =>
                {
                    foreach (var member in Processes.Where(process => process != Follower))
                    {
                        options.Members.Add(_addresses[member]);
                    }

                    (options.Self, options.Directory) = (_addresses[name], _directory.File(name));
                    options.Secret = FailoverSite.Secret;
                    CoordinationSite.Relax(options);
                });
                break;
            case Follower:
                builder.Services.AddClusterSessionFollower(options => Set(options, name));
                break;
            default:
                builder.Services.AddClusterSessionFailover(options => Set(options, name));
                builder.Services.Configure<RaftCoordinatorOptions>(CoordinationSite.Relax);
                break;
        }

        var app = builder.Build();
        switch (name)
        {
            case "voter":
                app.MapRaftCoordinator();
                break;
            case Follower:
                app.MapClusterSessionFollower();
                break;
            default:
                app.MapClusterSessionFailover();
                break;
        }

        await app.StartAsync();
        _running[name] = app;
    }

    private void Set(FailoverOptions options, string name)
    {
        foreach (var member in new[] { "redis-1", "redis-2" })
        {
            options.Members.Add(
                new FailoverMember
                {
                    Name = member,
                    Redis = _redis[member].Server.Endpoint,
                    Agent = _addresses[member],
                }
            );
        }

        (options.Cluster, options.Name, options.Voter) = ("north", name, _addresses["voter"]);
        options.Secret = FailoverSite.Secret;
        options.KeyPrefix = ClosedRedis.Prefix;
        (options.RedisUser, options.RedisPassword) = (ClosedRedis.Start.AgentUser, ClosedRedis.AgentPassword);
        options.ApplicationUser = ClosedRedis.Start.ApplicationUser;
        options.ReturnToPreferred = false;
        options.NewerDataWait = TimeSpan.FromSeconds(1);
        if (name == Follower)
        {
            options.RedisAddress = _redis[name].Server.Endpoint;
        }
        else
        {
            options.Directory = _directory.File(name);
        }

        // A busy machine is no dead one.
        options.Ttl = TimeSpan.FromSeconds(6);
        options.Deadline = TimeSpan.FromSeconds(2);
        options.RecordLife = TimeSpan.FromSeconds(5);
        options.DeadAfter = TimeSpan.FromSeconds(1);
    }

    private async Task StopAsync(string name)
    {
        _running.Remove(name, out var app);
        await app!.StopAsync();
        await app.DisposeAsync();
    }

    private async Task<int> GetAsync(string name, string path)
    {
        using var response = await _client.GetAsync(new Uri(_addresses[name], path));
        return (int)response.StatusCode;
    }

    private Task IsAsync(string name, string path) =>
        IsSoAsync(async () => await GetAsync(name, path) == 200, $"{name} answers /{path} with 200");

    private static Task IsSoAsync(Func<Task<bool>> condition, string what) =>
        Condition.HoldsAsync(condition, what, Patience);

    private async Task<Tenure> TenureAsync(string name) => (await _redis[name].SeenAsync()).Record!.Value;

    private async Task<bool> HasAsync(string name, string key) => await _redis[name].AskAsync("EXISTS", key) == "1";

    /// <summary>Commits a session, and answers the name of its key in Redis.</summary>
    private async Task<string> CreateAsync(string name, string value)
    {
        var options = new RedisOptions
        {
            User = ClosedRedis.Start.ApplicationUser,
            Password = ClosedRedis.Start.ApplicationPassword,
        };
        options.Endpoints.Add(new RedisEndpoint(_redis[name].Server.Host, _redis[name].Server.Port));
        await using var store = new RedisSessionStore(
            options,
            ClosedRedis.Prefix,
            TimeSpan.FromSeconds(30),
            TimeProvider.System,
            new Random(7),
            NullLogger<RedisSessionStore>.Instance
        );
        await store.StartAsync(new RecordingObserver(), default);
        var (key, version, delta) = (SessionKeys.New(), new VersionSource(writer: 7).Next(), new SessionDelta());
        delta.Set("name", Encoding.UTF8.GetBytes(value));
        var record = delta.ApplyTo(SessionRecord.New(DateTimeOffset.FromUnixTimeMilliseconds(1000)), version, 0);
        var merge = new SessionMerge(record, version, MergeMode.Create, TimeSpan.FromMinutes(22), PreviousStamp: 0);
        Assert.Equal(WriteOutcome.Committed, (await store.MergeAsync(key, merge, default)).Outcome);
        const string Only = "return redis.call('KEYS', ARGV[1])[1]";
        return await _redis[name].AskAsync("EVAL", Only, "0", $"{ClosedRedis.Prefix}:1:{{*");
    }
}
