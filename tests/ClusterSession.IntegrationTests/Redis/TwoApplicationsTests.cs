using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>Applications that share a Redis and nothing else.</summary>
public sealed class TwoApplicationsTests : IAsyncLifetime
{
    private readonly CapturedLogs _logs = new();
    private readonly List<WebApplication> _applications = [];
    private RedisServer _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await RedisServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var application in _applications)
        {
            await application.DisposeAsync();
        }

        await _redis.DisposeAsync();
        _logs.Dispose();
    }

    [Fact]
    public async Task Two_applications_with_default_settings_accept_no_cookie_of_each_other()
    {
        var (shop, admin) = (await StartAsync("shop"), await StartAsync("admin"));
        var (theirs, ours) = (await LogInAsync(shop), await LogInAsync(admin));
        Assert.Equal("alice", await NameAsync(shop, theirs));
        Assert.Equal("alice", await NameAsync(admin, ours));
        Assert.Equal("", await NameAsync(admin, theirs));
        Assert.Equal("", await NameAsync(shop, ours));
        var keys = (await _redis.CommandAsync("KEYS", "*")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(1, keys.Count(key => key.StartsWith("cs.shop:1:{", StringComparison.Ordinal)));
        Assert.Equal(1, keys.Count(key => key.StartsWith("cs.admin:1:{", StringComparison.Ordinal)));
        Assert.All(keys, key => Assert.Matches("^cs[.](shop|admin):1:", key));
        Assert.Equal(2, _logs.Count("ApplicationNamed"));
    }

    [Fact]
    public async Task EndAllAsync_of_one_application_leaves_the_sessions_of_another()
    {
        var (shop, admin) = (await StartAsync("shop"), await StartAsync("admin"));
        var (theirs, ours) = (await LogInAsync(shop), await LogInAsync(admin));
        await admin.Services.GetRequiredService<ISessionManager>().EndAllAsync("alice");
        Assert.Equal("", await NameAsync(admin, ours));
        Assert.Equal("alice", await NameAsync(shop, theirs));
    }

    [Fact]
    public async Task Applications_of_one_name_that_is_set_on_purpose_share_sessions_and_their_end()
    {
        var (web, jobs) = (await StartAsync("Shop.Web", "shop"), await StartAsync("Shop.Jobs", "shop"));
        var session = await LogInAsync(web);
        Assert.Equal("alice", await NameAsync(jobs, session));
        await jobs.Services.GetRequiredService<ISessionManager>().EndAllAsync("alice");
        await Condition.HoldsAsync(
            async () => await NameAsync(web, session) == "",
            "the session is over at the other one"
        );
    }

    private static async Task<string> LogInAsync(WebApplication application)
    {
        using var client = application.GetTestClient();
        using var answer = await client.GetAsync("/login?as=alice");
        return answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
    }

    private static async Task<string> NameAsync(WebApplication application, string cookie)
    {
        using var client = application.GetTestClient();
        client.DefaultRequestHeaders.Add("Cookie", cookie);
        return await client.GetStringAsync("/name");
    }

    private async Task<WebApplication> StartAsync(string host, string? name = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = host });
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders().AddProvider(_logs);
        if (name is not null)
        {
            builder.Configuration["ClusterSession:ApplicationName"] = name;
        }

        builder.Services.AddClusterSession().UseRedis(_redis.ConnectionString);
        var application = builder.Build();
        _applications.Add(application);
        Login.ByQuery(application);
        application.UseClusterSession();
        application.MapGet("/login", (HttpContext context) => context.Session.SetString("name", "alice"));
        application.MapGet("/name", (HttpContext context) => context.Session.GetString("name") ?? "");
        await application.StartAsync();
        return application;
    }
}
