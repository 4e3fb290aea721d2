using ClusterSession.TestKit.Nodes;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>A cookie that leaves without Secure is warned of.</summary>
public sealed class InsecureCookieTests : NodeTests
{
    private const string Event = "CookieNotSecure";

    [Fact]
    public async Task Cookie_without_secure_is_warned_of_once_with_the_remedy()
    {
        var node = await StartAsync();
        await node.Browser().GetAsync("/untouched");
        Assert.Equal(0, Logs.Count(Event));
        for (var i = 0; i < 3; i++)
        {
            await node.Browser().GetAsync("/set/color/red");
        }

        var log = Assert.Single(Logs.All, log => log.Event.Name == Event);
        Assert.Equal(LogLevel.Warning, log.Level);
        Assert.Contains("UseForwardedHeaders", log.Text, StringComparison.Ordinal);
        Assert.Contains("SecurePolicy", log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cookie_that_the_framework_makes_is_looked_at_as_well()
    {
        var node = await StartAsync(options: options => options.Cookie.Expiration = TimeSpan.FromHours(1));
        await node.Browser().GetAsync("/set/color/red");
        Assert.Equal(1, Logs.Count(Event));
    }

    [Fact]
    public async Task Nothing_is_said_over_HTTPS_under_SecurePolicy_Always_and_where_a_cookie_policy_adds_it()
    {
        await SetAsync(await StartAsync(before: Https));
        await SetAsync(await StartAsync(options: options => options.Cookie.SecurePolicy = CookieSecurePolicy.Always));
        await SetAsync(
            await StartAsync(before: app =>
                app.UseCookiePolicy(new CookiePolicyOptions { Secure = CookieSecurePolicy.Always })
            )
        );
        Assert.Equal(0, Logs.Count(Event));
    }

    [Fact]
    public async Task Cookie_that_is_never_secure_is_warned_of_over_HTTPS_too()
    {
        await SetAsync(
            await StartAsync(before: Https, options: options => options.Cookie.SecurePolicy = CookieSecurePolicy.None)
        );
        Assert.Equal(1, Logs.Count(Event));
    }

    [Fact]
    public async Task Nothing_is_said_in_development()
    {
        await SetAsync(
            await StartAsync(services: services =>
                services.AddSingleton<IHostEnvironment>(
                    new HostingEnvironment { EnvironmentName = Environments.Development, ApplicationName = "shop" }
                )
            )
        );
        Assert.Equal(0, Logs.Count(Event));
    }

    private static void Https(WebApplication app) =>
        app.Use(
            (context, next) =>
            {
                context.Request.Scheme = "https";
                return next(context);
            }
        );

    private static async Task SetAsync(TestNode node)
    {
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.True(browser.LastSetCookie);
    }

    private sealed class HostingEnvironment : IHostEnvironment
    {
        public required string EnvironmentName { get; set; }

        public required string ApplicationName { get; set; }

        public string ContentRootPath { get; set; } = AppContext.BaseDirectory;

        public Microsoft.Extensions.FileProviders.IFileProvider ContentRootFileProvider { get; set; } =
            new Microsoft.Extensions.FileProviders.NullFileProvider();
    }
}
