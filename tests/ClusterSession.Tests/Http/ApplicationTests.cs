using System.Security.Cryptography;
using ClusterSession.KeyRing;
using ClusterSession.TestKit.Nodes;
using ClusterSession.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>A cookie belongs to one application, also where several share keys and store.</summary>
public sealed class ApplicationTests : NodeTests
{
    private static readonly string Secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cookie_of_another_application_is_refused_also_where_both_share_store_and_keys(bool isConfigured)
    {
        var (shop, admin) = (await StartAsync("shop", isConfigured), await StartAsync("admin", isConfigured));
        var browser = shop.Browser();
        await browser.GetAsync("/set/color/red");

        Assert.Equal("New", await browser.Copy().GetAsync("/source", admin));

        Assert.Equal(1, Logs.Count("CookieRefused"));
        Assert.Equal("red", await browser.GetAsync("/get/color", shop));
        var other = admin.Browser();
        await other.GetAsync("/set/color/blue");
        Assert.Equal("", await other.GetAsync("/get/color", shop));
    }

    [Fact]
    public async Task Processes_of_one_application_name_share_their_sessions()
    {
        var (a, b) = (await StartAsync("shop", isConfigured: false), await StartAsync("shop", isConfigured: false));
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
    }

    [Fact]
    public void Names_that_differ_give_other_signatures_of_one_secret()
    {
        var secret = RandomNumberGenerator.GetBytes(32);
        var signatures = new[] { "", "shop", "Shop", "shop\0", "läden" }.Select(name =>
        {
            var mac = new byte[32];
            new CookieKey(1, DateTimeOffset.UnixEpoch, secret, name).Sign("message"u8, mac);
            return Convert.ToHexString(mac);
        });
        Assert.Equal(5, signatures.Distinct().Count());
    }

    [Fact]
    public async Task Name_and_prefix_are_logged_once_at_start()
    {
        await StartAsync("shop", isConfigured: false);
        var text = Assert.Single(Logs.All, log => log.Event.Name == "ApplicationNamed").Text;
        Assert.Contains("'shop'", text, StringComparison.Ordinal);
        Assert.Contains("'cs.shop'", text, StringComparison.Ordinal);
    }

    private Task<TestNode> StartAsync(string application, bool isConfigured) =>
        StartAsync(options: options =>
        {
            options.ApplicationName = application;
            if (isConfigured)
            {
                options.Keys.Add(new SessionKeyOptions { Id = 1, Secret = Secret });
            }
        });
}
