using ClusterSession.Failover.Hosting;
using ClusterSession.Failover.Tests.Face;
using ClusterSession.TestKit.Logging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Tests.Hosting;

/// <summary>
/// Two agents and a voter as applications with Kestrel, over Redis of this process.
/// </summary>
internal sealed class FailoverSite : IAsyncDisposable
{
    public const string Secret = "a-secret-of-this-test-alone";
    private static readonly string[] Names = ["a", "b", "voter"];

    private readonly TemporaryDirectory _directory = new();
    private readonly Dictionary<string, WebApplication> _running = [];
    private readonly HttpClient _client = new();

    public FailoverSite() =>
        Addresses = Names.ToDictionary(name => name, _ => new Uri($"http://127.0.0.1:{FreePort.Next()}"));

    public Dictionary<string, Uri> Addresses { get; }

    public CapturedLogs Logs { get; } = new();

    public FakeRedisSite Redis { get; } = new(TimeProvider.System, "a", "b");

    public static async Task<FailoverSite> StartAsync()
    {
        var site = new FailoverSite();
        foreach (var name in Names)
        {
            await site.StartAsync(name);
        }

        return site;
    }

    public async Task StartAsync(string name)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(Logs);
        builder.WebHost.UseUrls(Addresses[name].ToString());
        if (name == "voter")
        {
            builder.Services.AddRaftCoordinator(options =>
            {
                foreach (var address in Addresses.Values)
                {
                    options.Members.Add(address);
                }

                options.Self = Addresses[name];
                options.Directory = _directory.File(name);
                options.Secret = Secret;
                CoordinationSite.Relax(options);
            });
        }
        else
        {
            builder.Services.AddSingleton<IRedisLinks>(Redis);
            builder.Services.AddClusterSessionFailover(options => Set(options, name));
            builder.Services.Configure<RaftCoordinatorOptions>(CoordinationSite.Relax);
        }

        var app = builder.Build();
        _ = name == "voter" ? app.MapRaftCoordinator() : app.MapClusterSessionFailover();
        await app.StartAsync();
        _running[name] = app;
    }

    public T Service<T>(string name)
        where T : notnull => _running[name].Services.GetRequiredService<T>();

    public async Task StopAsync(string name)
    {
        _running.Remove(name, out var app);
        await app!.StopAsync();
        await app.DisposeAsync();
    }

    public void Set(FailoverOptions options, string name)
    {
        options.Cluster = "north";
        options.Name = name;
        foreach (var member in new[] { "a", "b" })
        {
            options.Members.Add(
                new FailoverMember
                {
                    Name = member,
                    Redis = $"{member}.example:6379",
                    Agent = Addresses[member],
                }
            );
        }

        options.Voter = Addresses["voter"];
        options.Directory = _directory.File(name);
        options.Secret = Secret;
        options.KeyPrefix = "cs.test";
        options.RedisPassword = "not-for-the-log";

        // A busy machine is no dead one.
        options.Ttl = TimeSpan.FromSeconds(6);
        options.Deadline = TimeSpan.FromSeconds(2);
        options.RecordLife = TimeSpan.FromSeconds(5);
        options.DeadAfter = TimeSpan.FromSeconds(1);
    }

    public async Task<(int Status, string Body)> GetAsync(string name, string path)
    {
        using var response = await _client.GetAsync(new Uri(Addresses[name], path));
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task<(int Status, string Body)> SendAsync(
        HttpMethod method,
        string name,
        string path,
        string? json = null,
        string? secret = Secret
    )
    {
        using var request = new HttpRequestMessage(method, new Uri(Addresses[name], path));
        if (json is not null)
        {
            request.Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        }

        if (secret is not null)
        {
            request.Headers.Add("X-ClusterSession-Secret", secret);
        }

        using var response = await _client.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Waits for the answer 200.</summary>
    public Task IsAsync(string name, string path) =>
        Condition.HoldsAsync(
            async () => (await GetAsync(name, path)).Status == 200,
            $"{name} answers {path} with 200",
            CoordinationSite.Patience
        );

    public async ValueTask DisposeAsync()
    {
        foreach (var name in _running.Keys.ToArray())
        {
            await StopAsync(name);
        }

        _client.Dispose();
        _directory.Dispose();
    }
}
