using ClusterSession.Asking;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using ClusterSession.Tests.Opening;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Asking;

/// <summary>A session that a node fails with when it is asked for it.</summary>
public sealed class AskFailureTests : NodeTests
{
    [Fact]
    public async Task Session_that_a_node_fails_with_takes_no_answer_of_the_others_with_it()
    {
        var failing = new FailingStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(store: failing), await StartAsync());
        Time.Advance(TimeSpan.FromSeconds(5)); // They have heard of each other.
        var (bad, good) = (await OpenAsync(a), await OpenAsync(a));
        failing.FailsWith = LossTests.KeyOf(bad);
        Sessions.Forget(LossTests.KeyOf(bad));
        Sessions.Forget(LossTests.KeyOf(good));

        var asks = b.Services.GetRequiredService<SessionAsks>();
        await Time.DriveAsync(
            AskAsync(asks, SessionKey.Of(SessionId.New(System.Security.Cryptography.RandomNumberGenerator.Create())))
        ); // What comes now is asked for together.
        var asked = Task.WhenAll(AskAsync(asks, LossTests.KeyOf(bad)), AskAsync(asks, LossTests.KeyOf(good)));
        Assert.Equal([AskResult.Unanswered, AskResult.Restored], await Time.DriveAsync(asked));

        Assert.Equal(1, Logs.Count("AskFailed"));
        Assert.DoesNotContain(Logs.All, log => log.Text.Contains($"{LossTests.KeyOf(bad)}", StringComparison.Ordinal));
        Assert.Equal("red", await Time.DriveAsync(good.GetAsync("/get/color", b)));
    }

    private static Task<AskResult> AskAsync(SessionAsks asks, SessionKey key) =>
        asks.AskAsync(key, TimeSpan.FromSeconds(10), default).AsTask();

    private static async Task<TestBrowser> OpenAsync(TestNode node)
    {
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red", node);
        return browser;
    }

    /// <summary>
    /// A store with an error: an operation on one session throws, which none may.
    /// </summary>
    private sealed class FailingStore(IClusterSessionStore inner) : ForwardingStore(inner)
    {
        public SessionKey? FailsWith { get; set; }

        public override ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, StoreDeadline deadline) =>
            key == FailsWith ? throw new InvalidOperationException($"{key}") : base.MergeAsync(key, copy, deadline);

        protected override ValueTask<T> OnAsync<T>(
            StoreOperations operation,
            Func<ValueTask<T>> ask,
            Func<StoreFailure, T> unavailable
        ) => ask();
    }
}
