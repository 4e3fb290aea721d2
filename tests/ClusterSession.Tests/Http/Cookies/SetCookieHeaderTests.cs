using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.CookiePolicy;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http.Cookies;

/// <summary>
/// The header that is put together here against the one that the framework makes of the same
/// settings.
/// </summary>
public sealed class SetCookieHeaderTests
{
    [Theory]
    [InlineData("http", CookieSecurePolicy.SameAsRequest)]
    [InlineData("https", CookieSecurePolicy.SameAsRequest)]
    [InlineData("http", CookieSecurePolicy.Always)]
    [InlineData("https", CookieSecurePolicy.None)]
    public async Task Header_is_what_the_framework_makes_of_the_settings(string scheme, CookieSecurePolicy secure)
    {
        var cookie = new CookieBuilder
        {
            Name = "__shop",
            Domain = "example.org",
            Path = "/shop",
            HttpOnly = true,
            SameSite = SameSiteMode.Strict,
            SecurePolicy = secure,
            MaxAge = TimeSpan.FromHours(3),
        };
        cookie.Extensions.Add("Partitioned");
        await AssertAsTheFrameworkAsync(cookie, scheme);
    }

    [Fact]
    public async Task Builder_of_the_applications_own_is_asked_each_time()
    {
        var cookie = new CountingBuilder { Name = "own", Path = "/" };
        await AssertAsTheFrameworkAsync(cookie, "http");
        var asked = cookie.Asked;
        await AssertAsTheFrameworkAsync(cookie, "http");
        Assert.True(cookie.Asked > asked + 1);
    }

    [Fact]
    public async Task Expiry_counts_from_the_response()
    {
        var header = await HeaderAsync(
            new CookieBuilder
            {
                Name = "own",
                Path = "/",
                Expiration = TimeSpan.FromDays(1),
            },
            "http"
        );
        Assert.Contains("expires=", header, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cookie_policy_of_the_application_is_kept()
    {
        var header = await HeaderAsync(
            new CookieBuilder
            {
                Name = "own",
                Path = "/",
                HttpOnly = false,
            },
            "http",
            app => app.UseCookiePolicy(new CookiePolicyOptions { HttpOnly = HttpOnlyPolicy.Always })
        );
        Assert.Contains("httponly", header, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cookies_of_others_stay()
    {
        var headers = await HeadersAsync(new CookieBuilder { Name = "own", Path = "/" }, "http", before: context =>
            context.Response.Cookies.Append("other", "1")
        );
        Assert.Equal(2, headers.Length);
        Assert.StartsWith("other=1", headers[0], StringComparison.Ordinal);
        Assert.StartsWith("own=", headers[1], StringComparison.Ordinal);
    }

    private static async Task AssertAsTheFrameworkAsync(CookieBuilder cookie, string scheme)
    {
        var header = await HeaderAsync(cookie, scheme);
        var context = new DefaultHttpContext();
        context.Request.Scheme = scheme;
        var value = header[(cookie.Name!.Length + 1)..header.IndexOf(';', StringComparison.Ordinal)];
        context.Response.Cookies.Append(cookie.Name, value, cookie.Build(context));
        Assert.Equal(context.Response.Headers.SetCookie.Single(), header);
    }

    private static async Task<string> HeaderAsync(
        CookieBuilder cookie,
        string scheme,
        Action<IApplicationBuilder>? first = null
    ) => Assert.Single(await HeadersAsync(cookie, scheme, first));

    private static async Task<string[]> HeadersAsync(
        CookieBuilder cookie,
        string scheme,
        Action<IApplicationBuilder>? first = null,
        Action<HttpContext>? before = null
    )
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddClusterSession(options => options.Cookie = cookie).UseInMemory();
        await using var provider = services.BuildServiceProvider();
        var app = new ApplicationBuilder(provider);
        first?.Invoke(app);
        app.UseClusterSession();
        app.Run(context =>
        {
            before?.Invoke(context);
            context.Session.SetString("color", "red");
            return context.Session.CommitAsync();
        });
        var context = new DefaultHttpContext { RequestServices = provider };
        var starting = new StartingFeature();
        context.Features.Set<Microsoft.AspNetCore.Http.Features.IHttpResponseFeature>(starting);
        context.Request.Scheme = scheme;
        await app.Build()(context);
        await starting.StartAsync();
        return [.. starting.Headers.SetCookie.Select(header => header!)];
    }

    private sealed class CountingBuilder : CookieBuilder
    {
        public int Asked { get; private set; }

        public override CookieOptions Build(HttpContext context, DateTimeOffset expiresFrom)
        {
            Asked++;
            return base.Build(context, expiresFrom);
        }
    }

    /// <summary>Calls what waits for the headers to leave, as a server does.</summary>
    private sealed class StartingFeature : Microsoft.AspNetCore.Http.Features.HttpResponseFeature
    {
        private readonly Stack<Func<Task>> _callbacks = [];

        public override void OnStarting(Func<object, Task> callback, object state) =>
            _callbacks.Push(() => callback(state));

        public async Task StartAsync()
        {
            while (_callbacks.TryPop(out var callback))
            {
                await callback();
            }
        }
    }
}
