using System.Net;
using ClusterSession.Sessions;
using ClusterSession.Sessions.Principals;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Stores;
using ClusterSession.TestKit.Time;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>Logging somebody out everywhere.</summary>
public sealed class EndAllTests : NodeTests
{
    [Fact]
    public async Task All_sessions_of_somebody_are_refused_on_every_node_with_hot_local_copies_and_nobody_elses_are()
    {
        var (a, b) = (await StartAsync(before: Login.ByQuery), await StartAsync(before: Login.ByQuery));
        var theirs = new[] { await HotAsync("alice", a, b), await HotAsync("alice", a, b), await HotAsync("alice", b, a) };
        var others = new[] { await HotAsync("bob", a, b), await HotAsync(null, a, b) };
        await a.EndAllAsync("alice");
        foreach (var node in new[] { b, a })
        {
            foreach (var browser in theirs)
            {
                Assert.Equal("", await browser.GetAsync("/get/color?as=alice", node));
            }

            foreach (var browser in others)
            {
                Assert.Equal("red", await browser.GetAsync("/get/color", node));
            }
        }

        foreach (var browser in others)
        {
            Assert.Equal("LocalCopy", await browser.GetAsync("/source", b));
        }
    }

    [Fact]
    public async Task Session_found_ended_is_ended_for_good()
    {
        var node = await StartAsync(before: Login.ByQuery);
        var browser = await HotAsync("alice", node, node);
        await node.EndAllAsync("alice");
        await browser.GetAsync("/get/color");
        var read = await new InMemorySessionStore(Sessions).ReadAsync(KeyOf(browser), default, default);
        Assert.Equal(StoreReadOutcome.Destroyed, read.Outcome);
        Assert.Equal(1, Logs.Count("SessionEndedWithPrincipal"));
    }

    [Fact]
    public async Task Who_logs_in_again_has_a_session_that_counts_on_every_node()
    {
        var (a, b) = (await StartAsync(before: Login.ByQuery), await StartAsync(before: Login.ByQuery));
        var browser = await HotAsync("alice", a, b);
        await a.EndAllAsync("alice");
        await browser.GetAsync("/set/color/blue?as=alice");
        Assert.Equal("blue", await browser.GetAsync("/get/color?as=alice", b));
        Assert.Equal("blue", await browser.GetAsync("/get/color?as=alice", a));
    }

    [Fact]
    public async Task Session_that_nobody_has_opened_since_is_refused_by_a_node_that_starts_later()
    {
        var a = await StartAsync(before: Login.ByQuery);
        var browser = await HotAsync("alice", a, a);
        await a.EndAllAsync("alice");
        var late = await StartAsync(before: Login.ByQuery);
        Assert.Equal("", await browser.GetAsync("/get/color?as=alice", late));
    }

    [Fact]
    public async Task Login_on_a_node_whose_clock_is_ahead_by_less_than_the_lead_is_ended_and_one_that_is_behind_can_log_in_again()
    {
        var (ahead, behind) = (new ManualTimeProvider(Time.GetUtcNow() + TimeSpan.FromMilliseconds(90)), new ManualTimeProvider(Time.GetUtcNow() - TimeSpan.FromHours(1)));
        var a = await StartAsync(before: Login.ByQuery);
        await using var b = await StartAtAsync(ahead);
        await using var c = await StartAtAsync(behind);
        var browser = await HotAsync("alice", b, b);
        await a.EndAllAsync("alice");
        Assert.Equal("", await browser.GetAsync("/get/color", b));
        await Condition.HoldsAsync(() => c.Services.GetRequiredService<NotBefores>().HaveBeenRead, "it has heard");
        var again = await HotAsync("alice", c, a);
        Assert.Equal("red", await again.GetAsync("/get/color", a));

        Task<TestNode> StartAtAsync(TimeProvider time) => TestNode.StartAsync(
            new InMemorySessionStore(Sessions), services: services => services.AddSingleton(time), before: Login.ByQuery);
    }

    [Fact]
    public async Task Store_without_an_answer_is_told_to_the_caller_and_gets_the_end_as_soon_as_it_answers()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(before: Login.ByQuery, store: faulty), await StartAsync(before: Login.ByQuery));
        var browser = await HotAsync("alice", a, b);
        faulty.Failing = StoreOperations.All;
        var failure = await Assert.ThrowsAsync<SessionUnavailableException>(() => Time.DriveAsync(a.EndAllAsync("alice")));
        Assert.Equal(StoreFailure.Unknown, failure.Failure);
        Assert.Equal("", await Time.DriveAsync(browser.Copy().GetAsync("/get/color", a)));
        Assert.Equal("red", await browser.Copy().GetAsync("/get/color", b));
        faulty.Failing = StoreOperations.None;
        await Condition.HoldsAsync(
            async () =>
            {
                Time.Advance(TimeSpan.FromMilliseconds(50));
                return await browser.Copy().GetAsync("/get/color", b) == "";
            },
            "the other node has heard");
    }

    [Theory]
    [InlineData(StoreLoss.Recent)]
    [InlineData(StoreLoss.Everything)]
    [InlineData(StoreLoss.Moved)]
    public async Task Store_that_lost_the_end_is_given_it_back_before_it_is_given_sessions(StoreLoss loss)
    {
        var store = new ReplaceableStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync(before: Login.ByQuery, store: store);
        var browser = await HotAsync("alice", a, a);
        await a.EndAllAsync("alice");
        var order = new OrderedStore(new InMemorySessionStore(new InMemorySessions(Time)));
        store.Replace(order, new StoreContinuity(loss));
        await Condition.HoldsAsync(
            async () =>
            {
                Time.Advance(TimeSpan.FromMilliseconds(50));
                return await KnowsAsync(order, "alice");
            },
            "the list is given back");
        Assert.Equal(0, order.MergesBefore);
        Assert.Equal("", await Time.DriveAsync(browser.GetAsync("/get/color", a)));
    }

    [Fact]
    public async Task List_that_is_missing_is_given_back_although_nobody_said_that_anything_was_lost()
    {
        var store = new ReplaceableStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync(before: Login.ByQuery, store: store);
        await a.EndAllAsync("alice");
        var empty = new InMemorySessionStore(new InMemorySessions(Time));
        store.Replace(empty, new StoreContinuity(StoreLoss.None));
        await Condition.HoldsAsync(() => KnowsAsync(empty, "alice"), "the list is given back");
    }

    [Fact]
    public async Task Node_that_has_never_learnt_who_was_ended_serves_nobody_who_is_logged_in_and_everybody_else()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions)) { Failing = StoreOperations.ReadShared };
        var (a, b) = (await StartAsync(before: Login.ByQuery, options: WithKey), await StartAsync(before: Login.ByQuery, options: WithKey, store: faulty));
        var (theirs, nobodys) = (await HotAsync("alice", a, a), await HotAsync(null, a, a));
        Assert.Equal("red", await nobodys.GetAsync("/get/color", b));
        await theirs.GetAsync("/get/color", b);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, theirs.LastStatus);
        faulty.Failing = StoreOperations.None;
        Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("red", await theirs.GetAsync("/get/color", b));
        faulty.Failing = StoreOperations.ReadShared;
        Assert.Equal("red", await theirs.GetAsync("/get/color", b));

        static void WithKey(ClusterSessionOptions options) =>
            options.Keys.Add(new SessionKeyOptions { Id = 1, Secret = "q8Jx0r1mT3nVfYw5uZ7cKd2eHg4iLoPbRsAtNyXzCvU=" });
    }

    [Fact]
    public async Task After_a_lost_connection_a_copy_of_somebody_is_not_served_before_the_ends_are_known()
    {
        var store = new ReplaceableStore(new DeafStore(new InMemorySessionStore(Sessions)));
        var (a, b) = (await StartAsync(before: Login.ByQuery, store: store), await StartAsync(before: Login.ByQuery));
        var browser = await HotAsync("alice", a, b);
        await b.EndAllAsync("alice");
        Assert.Equal("red", await browser.GetAsync("/get/color", a)); // Whoever hears nothing over a connection that has proved alive cannot know.
        store.Reconnect();
        Assert.Equal("", await browser.GetAsync("/get/color", a));
    }

    [Fact]
    public async Task Ends_are_forgotten_when_no_session_from_before_can_be_in_use()
    {
        var a = await StartAsync(before: Login.ByQuery);
        await a.EndAllAsync("alice");
        Time.Advance(TimeSpan.FromDays(1));
        await a.EndAllAsync("bob");
        Assert.Equal((false, true), (await KnowsAsync(Store, "alice"), await KnowsAsync(Store, "bob")));
    }

    [Fact]
    public async Task Ends_of_many_at_once_on_two_nodes_all_arrive()
    {
        var (a, b) = (await StartAsync(before: Login.ByQuery), await StartAsync(before: Login.ByQuery));
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(() => (i % 2 == 0 ? a : b).EndAllAsync("user" + i))));
        var list = NotBeforeList.Read((await Store.ReadSharedAsync(NotBefores.SharedName, default)).Value, 0)!;
        Assert.Equal(200, list.Count);
    }

    [Fact]
    public async Task Empty_name_is_refused() =>
        await Assert.ThrowsAsync<ArgumentException>(async () => await (await StartAsync()).EndAllAsync(""));

    private static async Task<TestBrowser> HotAsync(string? name, TestNode first, TestNode second)
    {
        var query = name is null ? "" : "?as=" + name;
        var browser = first.Browser();
        await browser.GetAsync("/set/color/red" + query);
        foreach (var node in new[] { second, first })
        {
            Assert.Equal("red", await browser.GetAsync("/get/color" + query, node));
            Assert.Equal("LocalCopy", await browser.GetAsync("/source" + query, node));
        }

        return browser;
    }

    private static async Task<bool> KnowsAsync(IClusterSessionStore store, string name) =>
        (await store.ReadSharedAsync(NotBefores.SharedName, default)).Value is { } bytes && NotBeforeList.Read(bytes, 0)!.Knows(PrincipalKey.Of(name));

    private static SessionKey KeyOf(TestBrowser browser)
    {
        Assert.True(SessionId.TryParse(browser.Id!, out var id));
        return SessionKey.Of(id);
    }

    /// <summary>Counts the copies that came before the list did.</summary>
    private sealed class OrderedStore(IClusterSessionStore inner) : ForwardingStore(inner)
    {
        private bool _hasList;

        public int MergesBefore { get; private set; }

        protected override async ValueTask<T> OnAsync<T>(StoreOperations operation, Func<ValueTask<T>> ask, Func<StoreFailure, T> unavailable)
        {
            MergesBefore += operation == StoreOperations.Merge && !_hasList ? 1 : 0;
            var answer = await ask();
            _hasList |= operation == StoreOperations.ExchangeShared && answer is StoreShared { Value: [1, ..] value } && NotBeforeList.Read(value, 0) is { Count: > 0 };
            return answer;
        }
    }
}
