using ClusterSession.Local;
using ClusterSession.TestKit.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>New keys on request, over a real Redis.</summary>
public sealed class KeyRevocationTests : IAsyncLifetime
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(1);
    private RedisServer _redis = null!;
    private TestNode _a = null!;
    private TestNode _b = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _a = await RedisNode.StartAsync(_redis);
        _b = await RedisNode.StartAsync(_redis);
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task Revoked_cookies_are_refused_on_every_node_within_a_second()
    {
        var browser = await HotAsync();
        await RotateAsync(revoke: true);
        Assert.Equal("", await browser.Copy().GetAsync("/get/color", _a));
        await Condition.HoldsAsync(
            async () => await browser.Copy().GetAsync("/get/color", _b) == "",
            "the other node refuses it",
            Promised
        );
    }

    [Fact]
    public async Task Every_node_signs_with_the_new_key_within_a_second_and_sessions_go_on()
    {
        var browser = await HotAsync();
        await RotateAsync(revoke: false);
        await Condition.HoldsAsync(
            async () =>
            {
                var copy = browser.Copy();
                Assert.Equal("red", await copy.GetAsync("/get/color", _b));
                return copy.LastSetCookie;
            },
            "the other node renews the cookie",
            Promised
        );
        Assert.Equal("red", await browser.GetAsync("/get/color", _a));
    }

    [Fact]
    public async Task Node_that_was_cut_off_meanwhile_refuses_revoked_cookies_when_it_is_back()
    {
        var browser = await HotAsync();
        await _redis.CommandAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        await Condition.HoldsAsync(
            async () =>
            {
                try
                {
                    await RotateAsync(revoke: true);
                    return true;
                }
                catch (SessionUnavailableException)
                {
                    return false;
                }
            },
            "the keys are revoked"
        );
        await Condition.HoldsAsync(
            async () =>
                await browser.Copy().GetAsync("/get/color", _b) == ""
                && await browser.Copy().GetAsync("/get/color", _a) == "",
            "both nodes refuse it"
        );
    }

    private Task RotateAsync(bool revoke) => _a.Services.GetRequiredService<ISessionManager>().RotateKeysAsync(revoke);

    private async Task<TestBrowser> HotAsync()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal("red", await browser.GetAsync("/get/color", _b));
        Assert.Equal("LocalCopy", await browser.GetAsync("/source", _b));
        return browser;
    }
}
