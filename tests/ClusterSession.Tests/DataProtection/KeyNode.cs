using System.Security.Claims;
using ClusterSession.Stores;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Servers;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Tests.DataProtection;

/// <summary>An application in a directory of its own, with logins and forms, that keeps its keys in
/// the session store.</summary>
internal sealed class KeyNode : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TemporaryDirectory _root;

    private KeyNode(WebApplication app, TemporaryDirectory root) => (_app, _root) = (app, root);

    public IServiceProvider Services => _app.Services;

    public IKeyManager Keys => Services.GetRequiredService<IKeyManager>();

    public IDataProtector Protector => Services.GetRequiredService<IDataProtectionProvider>().CreateProtector("test");

    /// <summary>
    /// Starts it; nothing but the keys is configured, and UseClusterSession is not called.
    /// </summary>
    public static async Task<KeyNode> StartAsync(
        IClusterSessionStore store,
        CapturedLogs? logs = null,
        string environment = "Production",
        Action<IDataProtectionBuilder>? keys = null,
        Action<ClusterSessionBuilder>? sessions = null
    )
    {
        var root = new TemporaryDirectory();
        var builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { ContentRootPath = root.Path, EnvironmentName = environment }
        );
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        if (logs is not null)
        {
            builder.Logging.AddProvider(logs).SetMinimumLevel(LogLevel.Trace);
        }

        var protection = builder.Services.AddDataProtection();
        keys?.Invoke(protection);
        protection.PersistKeysToClusterSession();
        var cluster = builder.Services.AddClusterSession().UseStore(_ => store);
        sessions?.Invoke(cluster);
        builder.Services.AddAntiforgery();
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
        var app = builder.Build();
        app.UseAuthentication();
        app.MapGet("/login", (HttpContext context) =>
            context.SignInAsync(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, "alice")], "test")))
        );
        app.MapGet("/me", (HttpContext context) => context.User.Identity?.Name ?? "nobody");
        app.MapGet("/form", (HttpContext context, IAntiforgery forms) => forms.GetAndStoreTokens(context).RequestToken);
        app.MapPost("/form", async (HttpContext context, IAntiforgery forms) =>
            await forms.IsRequestValidAsync(context) ? "accepted" : "refused"
        );
        await app.StartAsync();
        return new KeyNode(app, root);
    }

    /// <summary>Sends a request with cookies, and takes those that come back.</summary>
    public async Task<string> SendAsync(
        HttpMethod method,
        string path,
        Dictionary<string, string> cookies,
        string? token = null
    )
    {
        using var client = _app.GetTestClient();
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add("Cookie", cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"));
        if (token is not null)
        {
            request.Headers.Add("RequestVerificationToken", token);
        }

        using var response = await client.SendAsync(request);
        foreach (var header in response.Headers.TryGetValues("Set-Cookie", out var set) ? set : [])
        {
            var pair = header.Split(';')[0].Split('=', 2);
            cookies[pair[0]] = pair[1];
        }

        return await response.Content.ReadAsStringAsync();
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _root.Dispose();
    }
}
