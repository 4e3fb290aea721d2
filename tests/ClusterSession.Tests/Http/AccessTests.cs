using System.Collections.Concurrent;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace ClusterSession.Tests.Http;

public sealed class AccessTests : NodeTests
{
    [Fact]
    public async Task ReadOnly_reads_and_refuses_changes_with_a_message_that_names_the_endpoint()
    {
        var node = await StartAsync(endpoints =>
            endpoints
                .MapGet("/ro", async (HttpContext context) =>
                {
                    var refusals = new List<string> { Refusal(() => context.Session.SetString("a", "1")) };
                    refusals.Add(
                        (
                            await Assert.ThrowsAsync<InvalidOperationException>(() =>
                                context.GetClusterSession().DestroyAsync()
                            )
                        ).Message
                    );
                    refusals.Add(
                        (
                            await Assert.ThrowsAsync<InvalidOperationException>(() =>
                                context.GetClusterSession().RotateIdAsync()
                            )
                        ).Message
                    );
                    Assert.All(refusals, refusal => Assert.Contains("HTTP: GET /ro", refusal));
                    Assert.All(refusals, refusal => Assert.Contains("ReadOnly", refusal));
                    return context.Session.GetString("color");
                })
                .WithSessionAccess(SessionConcurrency.ReadOnly)
        );
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal("red", await browser.GetAsync("/ro"));
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task None_opens_nothing_and_HttpContext_Session_throws()
    {
        var node = await StartAsync(endpoints =>
            endpoints
                .MapGet("/none", (HttpContext context) =>
                {
                    Refusal(() => _ = context.Session);
                    return Refusal(() => context.GetClusterSession());
                })
                .WithSessionAccess(SessionConcurrency.None)
        );
        var b = await StartAsync();
        var browser = b.Browser();
        await browser.GetAsync("/set/color/red");
        Store.Reset();
        Assert.Contains("SessionConcurrency.None", await browser.GetAsync("/none", node));
        Assert.Equal(0, Store.Count(StoreOperations.All));
    }

    [Fact]
    public async Task Exclusive_is_refused_at_start_with_a_message_that_names_the_endpoint()
    {
        var refusal = await Assert.ThrowsAnyAsync<Exception>(() =>
            StartAsync(endpoints =>
                endpoints.MapGet("/alone", () => "").WithSessionAccess(SessionConcurrency.Exclusive)
            )
        );
        Assert.Contains("SessionConcurrency.Exclusive is not available yet", refusal.ToString());
        Assert.Contains("HTTP: GET /alone", refusal.ToString());
    }

    [Fact]
    public async Task Durability_is_that_of_the_request_or_the_endpoint_or_the_options()
    {
        var store = new ReplicaRecorder(new InMemorySessionStore(Sessions));
        var node = await StartAsync(
            endpoints =>
            {
                endpoints
                    .MapGet("/endpoint/{v}", (HttpContext context, string v) => context.Session.SetString("a", v))
                    .WithSessionAccess(SessionConcurrency.Merge, SessionDurability.Replicated);
                endpoints.MapGet("/request/{v}", (HttpContext context, string v) =>
                {
                    context.GetClusterSession().Durability = SessionDurability.Replicated;
                    context.Session.SetString("a", v);
                });
                endpoints.MapGet(
                    "/attribute/{v}",
                    [SessionAccess(SessionConcurrency.Merge, Durability = SessionDurability.Replicated)]
                    (HttpContext context, string v) => context.Session.SetString("a", v)
                );
            },
            options => options.Replicas = 3,
            store
        );
        var browser = node.Browser();
        await browser.GetAsync("/set/a/0");
        await browser.GetAsync("/set/a/1");
        await browser.GetAsync("/endpoint/2");
        await browser.GetAsync("/request/3");
        await browser.GetAsync("/attribute/4");
        await browser.GetAsync("/set/a/5");
        Assert.Equal([0, 3, 3, 3, 0], store.Replicas);
        Assert.Equal(1, Logs.Count("ReplicasShort")); // Three commits within ten seconds; the counter has all of them.
    }

    [Fact]
    public async Task Endpoint_without_a_session_in_the_pipeline_says_what_is_missing()
    {
        var context = new DefaultHttpContext();
        Assert.Contains("UseClusterSession", Refusal(() => context.GetClusterSession()));
        await Task.CompletedTask;
    }

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task ReadOnly_endpoint_that_throws_with_TempData_taken_out_has_its_error_page(ServerKind kind)
    {
        var node = await StartAsync(
            endpoints =>
                endpoints
                    .MapGet("/ro", string (HttpContext context) =>
                    {
                        // TempData takes its entry out, and puts none back after an exception.
                        context.Session.Remove("color");
                        throw new FormatException();
                    })
                    .WithSessionAccess(SessionConcurrency.ReadOnly),
            before: app => app.UseExceptionHandler(error => error.Run(context => context.Response.WriteAsync("sorry"))),
            kind: kind
        );
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal("sorry", await browser.GetAsync("/ro"));
        Assert.Equal(500, (int)browser.LastStatus);
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    private static string Refusal(Action change) => Assert.Throws<InvalidOperationException>(change).Message;

    /// <summary>Remembers for how many replicas each commit asked.</summary>
    private sealed class ReplicaRecorder(IClusterSessionStore inner) : IClusterSessionStore
    {
        public ConcurrentQueue<int> Replicas { get; } = new();

        public string Name => inner.Name;

        public ValueTask StartAsync(IStoreObserver observer, CancellationToken cancellationToken) =>
            inner.StartAsync(observer, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        public ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, StoreDeadline deadline)
        {
            Replicas.Enqueue(change.Replicas);
            return inner.CommitAsync(key, change, deadline);
        }

        public ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, StoreDeadline deadline) =>
            inner.ReadAsync(key, known, deadline);

        public ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, StoreDeadline deadline) =>
            inner.MergeAsync(key, copy, deadline);

        public ValueTask<StoreWrite> DestroyAsync(
            SessionKey key,
            SessionEnd end,
            TimeSpan tombstoneLife,
            StoreDeadline deadline
        ) => inner.DestroyAsync(key, end, tombstoneLife, deadline);

        public ValueTask<StoreTouch> TouchAsync(
            SessionKey key,
            TimeSpan life,
            TimeSpan leastLife,
            StoreDeadline deadline
        ) => inner.TouchAsync(key, life, leastLife, deadline);

        public ValueTask<StoreDocument> ReadDocumentAsync(
            string name,
            DocumentPosition known,
            StoreDeadline deadline
        ) => inner.ReadDocumentAsync(name, known, deadline);

        public ValueTask<StoreDocument> MergeDocumentAsync(
            string name,
            IReadOnlyList<DocumentElement> elements,
            TimeSpan life,
            StoreDeadline deadline
        ) => inner.MergeDocumentAsync(name, elements, life, deadline);
    }
}
