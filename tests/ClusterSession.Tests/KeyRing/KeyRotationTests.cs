using ClusterSession.KeyRing;
using ClusterSession.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.KeyRing;

/// <summary>Timeouts of any length do not disturb the rotation of keys (X13).</summary>
public sealed class KeyRotationTests : NodeTests
{
    [Fact]
    public async Task Keys_rotate_under_an_absolute_timeout_that_never_comes()
    {
        var node = await StartAsync(options: options => options.AbsoluteTimeout = TimeSpan.MaxValue);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Time.Advance(TimeSpan.FromDays(90));

        await node.Services.GetRequiredService<KeyRingSource>().RefreshAsync(default);

        Assert.True(Logs.Count("KeyRingRotated") > 0);
        Assert.Equal(0, Logs.Count("BackgroundServiceFaulted"));
    }
}
