using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Logging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>
/// Over Kestrel, because TestServer runs no callback that is registered while callbacks run. TempData saves in such a callback,
/// registered before the endpoint runs.
/// </summary>
public sealed class ServerCallbackTests : IAsyncLifetime
{
    private readonly CapturedLogs _logs = new();
    private WebApplication _app = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().AddProvider(_logs);
        builder.Services.AddClusterSession().UseInMemory();
        _app = builder.Build();
        _app.UseClusterSession();
        _app.Use(async (context, next) =>
        {
            if (context.Request.Query.ContainsKey("temp"))
            {
                context.Response.OnStarting(() =>
                {
                    context.Session.SetString("temp", context.Request.Query["temp"]!);
                    return Task.CompletedTask;
                });
            }

            await next(context);
        });
        _app.MapGet("/plain", () => "plain");
        _app.MapGet("/set", (HttpContext context) =>
        {
            context.Session.SetString("own", "1");
            return "set";
        });
        _app.MapGet("/get", (HttpContext context) => context.Session.GetString("temp") + context.Session.GetString("own"));
        await _app.StartAsync();
        _client = new HttpClient(new SocketsHttpHandler { UseCookies = true, AllowAutoRedirect = false }) { BaseAddress = new Uri(_app.Urls.Single()) };
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
    }

    [Theory]
    [InlineData("/plain", "a")]
    [InlineData("/set", "a1")]
    public async Task Change_by_a_callback_before_the_headers_is_committed_before_they_leave(string path, string expected)
    {
        var response = await _client.GetAsync(path + "?temp=a");
        Assert.Single(response.Headers.GetValues("Set-Cookie"));
        Assert.Equal(expected, await _client.GetStringAsync("/get"));
        Assert.Equal(0, _logs.Count("CommittedAfterHeaders"));
    }
}
