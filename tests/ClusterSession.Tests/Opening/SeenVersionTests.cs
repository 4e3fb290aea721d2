using ClusterSession.Records;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Time;
using ClusterSession.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Opening;

/// <summary>What a client has seen and the store has lost.</summary>
public sealed class SeenVersionTests : NodeTests
{
    [Theory]
    [InlineData(30)]
    [InlineData(300)]
    public async Task Commit_is_newer_than_what_its_client_has_seen_though_that_is_lost_and_the_clock_behind(
        int minutesBehind
    )
    {
        var behind = new ManualTimeProvider(Time.GetUtcNow() - TimeSpan.FromMinutes(minutesBehind));
        var a = await StartAsync();
        await using var b = await TestNode.StartAsync(new InMemorySessionStore(Sessions), services: services =>
            services.AddSingleton<TimeProvider>(behind)
        );
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var (key, before) = (LossTests.KeyOf(browser), await ReadAsync(LossTests.KeyOf(browser)));
        await browser.GetAsync("/set/color/green");
        var lost = await ReadAsync(key);
        await a.DisposeAsync(); // Else it would restore the commit.
        Sessions.Forget(key);
        await Store.MergeAsync(
            key,
            new SessionMerge(before, before.Version, MergeMode.Create, TimeSpan.FromHours(1)),
            default
        );

        await behind.DriveAsync(browser.GetOnceFoundAsync("/set/color/blue", b)); // Once A is known to be gone.

        var stored = await ReadAsync(key);
        Assert.True(stored.Version > lost.Version, $"{stored.Version} is not newer than {lost.Version}");
        Assert.False(stored.Contains(lost.Version));
        Assert.True(SessionRecord.Merge(lost, stored).TryFind("color", out var merged));
        Assert.Equal(stored.Version, merged.Version); // The former master comes back: the later write stays.
    }

    private async Task<SessionRecord> ReadAsync(SessionKey key) =>
        (await Store.ReadAsync(key, SessionVersion.None, default)).Record!;
}
