using System.Globalization;
using ClusterSession.Cli.Generating;
using ClusterSession.Cli.Generating.Kubernetes;
using ClusterSession.Cli.Tests.Sites;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Sessions;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace ClusterSession.Cli.Tests.Generating.Kubernetes;

/// <summary>
/// What is in the Secrets, as processes in place of pods: three Redis and their agents from the
/// generated files, and a node's store by the generated connection string.
/// </summary>
public sealed class PodTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TemporaryDirectory _directory = new();
    private readonly List<ServerProcess> _processes = [];
    private readonly HttpClient _http = new();

    [Fact]
    public async Task Pods_become_ready_and_a_node_commits_to_the_master_among_them()
    {
        var described = KubernetesReader.Read("cluster.yaml", ExampleTests.Description("kubernetes"));
        var secrets = KubernetesFiles.Of(described, SiteSecrets.New()).Single(file => file.IsSecret).Text;
        var ports = described.Site.Candidates.ToDictionary(
            pod => pod.Name,
            _ => (Redis: FreePort.Next(), Agent: FreePort.Next())
        );
        var maps = KubernetesYaml.LoadAllFromString(Local(secrets, ports), strict: true).Cast<V1Secret>().ToArray();
        foreach (var (name, (redis, agent)) in ports)
        {
            await StartAsync(maps[0].StringData, name, redis, agent);
        }

        foreach (var (_, (_, agent)) in ports)
        {
            await Condition.HoldsAsync(
                async () => await StatusAsync($"http://127.0.0.1:{agent}/read-only") == 200,
                "the agent's readiness probe is answered with 200",
                Patience
            );
        }

        await using var store = new RedisSessionStore(
            RedisOptions.Parse(maps[1].StringData["redis"]),
            described.KeyPrefix,
            TimeSpan.FromSeconds(30),
            TimeProvider.System,
            new Random(7),
            NullLogger<RedisSessionStore>.Instance
        );
        await store.StartAsync(new RecordingObserver(), default);
        var versions = new VersionSource();
        await Condition.HoldsAsync(() => CommitsAsync(store, versions), "a node commits a session", Patience);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        _http.Dispose();
        _directory.Dispose();
    }

    /// <summary>Names of pods become ports of this machine.</summary>
    private string Local(string text, IReadOnlyDictionary<string, (int Redis, int Agent)> ports) =>
        ports
            .Aggregate(text, (all, pod) =>
                all.Replace($"{pod.Key}.shop-redis.shop.svc:6379", Address(pod.Value.Redis), StringComparison.Ordinal)
                    .Replace($"{pod.Key}.shop-redis.shop.svc:7400", Address(pod.Value.Agent), StringComparison.Ordinal)
            )
            .Replace("/var/lib/cluster-session", _directory.Path, StringComparison.Ordinal);

    /// <summary>What its containers do; the first of them makes the directories.</summary>
    private async Task StartAsync(IDictionary<string, string> files, string name, int redis, int agent)
    {
        Directory.CreateDirectory(_directory.File(name));
        Directory.CreateDirectory(_directory.File($"{name}-agent"));
        var (conf, json) = (_directory.File($"{name}.conf"), _directory.File($"{name}.json"));
        await File.WriteAllTextAsync(
            conf,
            files[$"{name}.conf"]
                .Replace(
                    "port 6379\n",
                    string.Create(CultureInfo.InvariantCulture, $"port {redis}\n"),
                    StringComparison.Ordinal
                )
                .Replace("bind * -::*", "bind 127.0.0.1", StringComparison.Ordinal)
        );
        await File.WriteAllTextAsync(
            json,
            files[$"{name}.json"]
                .Replace("127.0.0.1:6379", Address(redis), StringComparison.Ordinal)
                .Replace("http://*:7400", $"http://{Address(agent)}", StringComparison.Ordinal)
        );
        _processes.Add(await ServerProcess.StartAsync("redis-server", [conf], _directory.Path));
        _processes.Add(
            await ServerProcess.StartAsync(
                "dotnet",
                ["exec", ToolSite.Program, "failover", "agent", "--config", json],
                _directory.Path
            )
        );
    }

    private async Task<int> StatusAsync(string url)
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri(url));
            return (int)answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }

    private static async Task<bool> CommitsAsync(RedisSessionStore store, VersionSource versions)
    {
        var (version, delta) = (versions.Next(), new SessionDelta());
        delta.Set("a", "1"u8.ToArray());
        var record = delta.ApplyTo(SessionRecord.New(DateTimeOffset.UnixEpoch), version, 0);
        var copy = new SessionMerge(record, version, MergeMode.Create, TimeSpan.FromMinutes(20), PreviousStamp: 0);
        return (await store.MergeAsync(SessionKeys.New(), copy, default)).Outcome == WriteOutcome.Committed;
    }

    private static string Address(int port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
}
