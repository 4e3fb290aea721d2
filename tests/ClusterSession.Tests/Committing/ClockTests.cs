using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Time;
using ClusterSession.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Committing;

/// <summary>
/// Nodes whose clocks differ, or are set (X14). The store counts by a clock of its own.
/// </summary>
public sealed class ClockTests : NodeTests
{
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(20);
    private readonly List<ManualTimeProvider> _clocks = [];

    [Fact]
    public async Task Of_nodes_whose_clocks_differ_by_ten_minutes_the_last_write_wins()
    {
        var nodes = new[]
        {
            await StartAsync(minutesAhead: 5),
            await StartAsync(minutesAhead: -5),
            await StartAsync(minutesAhead: 0),
        };
        var browser = nodes[0].Browser();
        await browser.GetAsync("/set/color/v0");
        for (var i = 1; i < 30; i++)
        {
            Advance(TimeSpan.FromSeconds(1));
            await browser.GetAsync($"/set/color/v{i}", nodes[i % 3]);
            Assert.Equal($"v{i}", await browser.GetAsync("/get/color", nodes[(i + 1) % 3]));
            Assert.Equal($"v{i}", await browser.GetAsync("/get/color", nodes[(i + 2) % 3]));
        }

        Assert.Equal(0, Logs.Count("SessionRegressed"));
    }

    [Theory]
    [InlineData(5, -5)]
    [InlineData(-5, 5)]
    public async Task Session_lives_for_its_idle_timeout_whatever_the_clock_of_the_node_that_wrote_it(
        int writer,
        int reader
    )
    {
        var (a, b) = (await StartAsync(writer), await StartAsync(reader));
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        for (var i = 0; i < 3; i++)
        {
            Advance(Idle - TimeSpan.FromSeconds(1));
            Assert.Equal("red", await browser.GetAsync("/get/color", b));
            await FlushAsync(b);
        }

        Advance(Idle + TimeSpan.FromMinutes(2.3));
        Assert.Equal("", await DriveAsync(browser.GetAsync("/get/color", a)));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task Clock_that_is_set_by_an_hour_ends_no_session_and_loses_no_write(int hours)
    {
        var (a, b) = (await StartAsync(minutesAhead: 0), await StartAsync(minutesAhead: 0));
        var browsers = Enumerable.Range(0, 20).Select(_ => a.Browser()).ToArray();
        foreach (var browser in browsers)
        {
            await browser.GetAsync("/set/color/red", a);
            await browser.GetAsync("/set/color/green", b);
        }

        _clocks[0].SetUtcNow(_clocks[0].GetUtcNow().AddHours(hours));

        foreach (var browser in browsers)
        {
            Assert.Equal("green", await browser.GetAsync("/get/color", a));
            await browser.GetAsync("/set/color/blue", a);
            Assert.Equal("blue", await browser.GetAsync("/get/color", b));
            await browser.GetAsync("/set/color/black", b);
            Assert.Equal("black", await browser.GetAsync("/get/color", a));
        }

        Advance(Idle - TimeSpan.FromSeconds(1));
        foreach (var browser in browsers)
        {
            Assert.Equal("black", await browser.GetAsync("/get/color", a));
        }

        await FlushAsync(a);
        Advance(Idle + TimeSpan.FromMinutes(2.3));
        foreach (var browser in browsers)
        {
            Assert.Equal("", await DriveAsync(browser.GetAsync("/get/color", b)));
        }

        Assert.Equal(0, Logs.Count("StoreLostSession"));
    }

    /// <summary>Starts a node with a clock of its own.</summary>
    private async Task<TestNode> StartAsync(int minutesAhead)
    {
        var clock = new ManualTimeProvider(Time.GetUtcNow().AddMinutes(minutesAhead));
        _clocks.Add(clock);
        return await StartAsync(services: services => services.AddSingleton<TimeProvider>(clock));
    }

    private void Advance(TimeSpan by)
    {
        Time.Advance(by);
        _clocks.ForEach(clock => clock.Advance(by));
    }

    private async Task<string> DriveAsync(Task<string> request)
    {
        while (!request.IsCompleted)
        {
            Advance(TimeSpan.FromMilliseconds(20));
            await Task.WhenAny(request, Task.Delay(2));
        }

        return await request;
    }

    private static Task FlushAsync(TestNode node) =>
        node.Services.GetRequiredService<ClusterSession.Touching.SessionTouches>().FlushAsync(default);
}
