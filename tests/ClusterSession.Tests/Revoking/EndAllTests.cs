using System.Net;
using ClusterSession.Documents;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Revoking;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Stores;
using ClusterSession.TestKit.Time;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.Tests.Revoking;

/// <summary>Logging somebody out everywhere.</summary>
public sealed class EndAllTests : NodeTests, IAsyncLifetime
{
    private readonly List<IHost> _hosts = [];

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await ((IAsyncDisposable)host).DisposeAsync();
        }

        await DisposeAsync();
    }

    [Fact]
    public async Task All_sessions_of_one_person_and_no_other_are_refused_on_nodes_with_hot_local_copies()
    {
        var (a, b) = (await StartAsync(before: Login.ByQuery), await StartAsync(before: Login.ByQuery));
        var theirs = new[]
        {
            await HotAsync("alice", a, b),
            await HotAsync("alice", a, b),
            await HotAsync("alice", b, a),
        };
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

    [Theory]
    [InlineData(2)]
    [InlineData(-3600)]
    public async Task Clocks_of_nodes_decide_nothing_earlier_login_is_ended_and_later_one_counts(int secondsAhead)
    {
        var other = new ManualTimeProvider(Time.GetUtcNow() + TimeSpan.FromSeconds(secondsAhead));
        var a = await StartAsync(before: Login.ByQuery);
        await using var b = await TestNode.StartAsync(
            new InMemorySessionStore(Sessions),
            services: services => services.AddSingleton<TimeProvider>(other),
            before: Login.ByQuery
        );
        var browser = await HotAsync("alice", b, b);
        await EndedAsync(a, "alice");
        Assert.Equal("", await browser.GetAsync("/get/color", b));
        await Condition.HoldsAsync(() => b.Services.GetRequiredService<Revocations>().Count == 1, "it has heard");
        var again = await HotAsync("alice", b, a);
        Assert.Equal("red", await again.GetAsync("/get/color", a));
    }

    [Fact]
    public async Task Login_that_is_under_way_with_the_old_password_is_ended()
    {
        var (arrived, checkedPassword) = (new TaskCompletionSource(), new TaskCompletionSource());
        var (a, b) = (await StartAsync(MapLogin), await StartAsync(before: Login.ByQuery));
        var browser = a.Browser();
        var login = browser.GetAsync("/login");
        await arrived.Task;
        await b.EndAllAsync("alice");
        await Condition.HoldsAsync(() => a.Services.GetRequiredService<Revocations>().Count == 1, "it has heard");
        checkedPassword.SetResult();
        await login;
        Assert.Equal("", await browser.GetAsync("/get/color", a));
        Assert.Equal("", await browser.GetAsync("/get/color", b));

        void MapLogin(IEndpointRouteBuilder endpoints) => endpoints.MapGet("/login", async (HttpContext context) =>
            {
                arrived.SetResult();
                await checkedPassword.Task;
                context.User = Login.As("alice");
                context.Session.SetString("color", "red");
            });
    }

    [Fact]
    public async Task Login_between_two_ends_is_ended_by_the_second_however_close_they_are()
    {
        var (a, b) = (await StartAsync(before: Login.ByQuery), await StartAsync(before: Login.ByQuery));
        await a.EndAllAsync("alice");
        var browser = await HotAsync("alice", a, b);
        await Time.DriveAsync(a.EndAllAsync("alice"));
        Assert.Equal("", await browser.GetAsync("/get/color", b));
        Assert.Equal("", await browser.GetAsync("/get/color", a));
    }

    [Fact]
    public async Task Ends_of_one_principal_within_a_second_are_one_write_and_hold_here_at_once()
    {
        var a = await StartAsync(before: Login.ByQuery);
        await a.EndAllAsync("alice");
        var browser = await HotAsync("alice", a, a);
        Store.Reset();
        var ends = Enumerable.Range(0, 50).Select(_ => a.EndAllAsync("alice")).ToArray();
        Assert.Equal("", await browser.GetAsync("/get/color"));
        Assert.Equal(0, Store.MergesOf(Revocations.DocumentName));
        await Time.DriveAsync(Task.WhenAll(ends));
        Assert.Equal(1, Store.MergesOf(Revocations.DocumentName));
    }

    [Fact]
    public async Task List_that_is_deleted_is_restored_for_a_node_that_starts_then()
    {
        var a = await StartAsync(before: Login.ByQuery);
        var browser = await HotAsync("alice", a, a);
        await a.EndAllAsync("alice");
        Sessions.ForgetDocument(Revocations.DocumentName);
        var late = await StartAsync(before: Login.ByQuery);
        Assert.Equal("", await browser.GetAsync("/get/color", late));
        await Condition.HoldsAsync(() => KnowsAsync(Store, "alice"), "the list is restored");
        Assert.Equal(1, Logs.Count("RevocationsLost"));
    }

    [Fact]
    public async Task List_that_is_deleted_is_restored_at_the_push_of_that_before_any_time_has_passed()
    {
        var a = await StartAsync(before: Login.ByQuery);
        await a.EndAllAsync("alice");
        var pushed = Time.GetTimestamp();
        Sessions.ForgetDocument(Revocations.DocumentName);
        await Condition.HoldsAsync(() => KnowsAsync(Store, "alice"), "the list is restored");
        Assert.Equal(pushed, Time.GetTimestamp()); // No timer of the node has played a part.
    }

    [Fact]
    public async Task Node_that_starts_while_a_list_that_others_have_read_is_missing_serves_no_logged_in_user()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync(before: Login.ByQuery, store: faulty);
        var (theirs, nobodys) = (await HotAsync("alice", a, a), await HotAsync(null, a, a));
        await a.EndAllAsync("alice");
        faulty.Failing = StoreOperations.All;
        Sessions.ForgetDocument(Revocations.DocumentName);
        var late = await StartAsync(before: Login.ByQuery);
        Assert.Equal("red", await nobodys.GetAsync("/get/color", late));
        await theirs.Copy().GetAsync("/get/color", late);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(theirs.Copy(), late));
        faulty.Failing = StoreOperations.None;
        await HoldsInTimeAsync(
            async () =>
                await theirs.Copy().GetAsync("/get/color", late) == ""
                && await StatusAsync(theirs.Copy(), late) == HttpStatusCode.OK,
            "the list is restored"
        );
    }

    [Fact]
    public async Task First_node_makes_an_empty_list_and_a_second_one_takes_it()
    {
        await StartAsync();
        await Condition.HoldsAsync(async () => (await DocumentAsync(Store)).Exists, "it is made");
        var made = (await DocumentAsync(Store)).Position;
        var b = await StartAsync();
        await Condition.HoldsAsync(() => b.Services.GetRequiredService<Revocations>().HaveBeenRead, "it is read");
        Assert.Equal(made, b.Services.GetRequiredService<Revocations>().Position);
    }

    [Fact]
    public async Task Answer_says_on_how_many_of_the_serving_nodes_it_is_known()
    {
        var deaf = new DeafStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(), await StartAsync());
        var worker = await WorkerAsync(new InMemorySessionStore(Sessions));
        await ServingAsync(2);
        Assert.Equal(new EndAllResult(2, 2), await a.EndAllAsync("alice"));
        Assert.Equal(
            new EndAllResult(2, 2),
            await worker.Services.GetRequiredService<ISessionManager>().EndAllAsync("bob")
        );
        Assert.Equal(0, Logs.Count("EndAllUnheard"));
        await StartAsync(store: deaf);
        await ServingAsync(3);
        Assert.Equal(new EndAllResult(3, 2), await Time.DriveAsync(b.EndAllAsync("carol")));
    }

    [Fact]
    public async Task End_that_no_serving_node_heard_says_so_and_names_the_remedy()
    {
        var worker = await WorkerAsync(new InMemorySessionStore(Sessions));
        var answer = await worker.Services.GetRequiredService<ISessionManager>().EndAllAsync("alice");
        Assert.Equal((new EndAllResult(0, 0), false), (answer, answer.AllNodesNotified));
        Assert.Contains(
            "set ClusterSession:ApplicationName",
            Assert.Single(Logs.All, static log => log.Event.Name == "EndAllUnheard").Text,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Node_that_has_shut_down_is_not_waited_for()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        await ServingAsync(2);
        await b.DrainAsync();
        Assert.Equal(new EndAllResult(1, 1), await a.EndAllAsync("alice"));
    }

    [Fact]
    public async Task Store_that_does_not_answer_is_reported_to_the_caller_and_gets_the_end_later()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(before: Login.ByQuery, store: faulty), await StartAsync(before: Login.ByQuery));
        var browser = await HotAsync("alice", a, b);
        faulty.Failing = StoreOperations.All;
        var failure = await Assert.ThrowsAsync<SessionUnavailableException>(() =>
            Time.DriveAsync(a.EndAllAsync("alice"))
        );
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
            "the other node has heard"
        );
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
            "the list is restored"
        );
        Assert.Equal(0, order.MergesBefore);
        Assert.Equal("", await Time.DriveAsync(browser.GetAsync("/get/color", a)));
    }

    [Fact]
    public async Task List_that_is_missing_is_restored_although_nobody_said_that_anything_was_lost()
    {
        var store = new ReplaceableStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync(before: Login.ByQuery, store: store);
        await a.EndAllAsync("alice");
        var empty = new InMemorySessionStore(new InMemorySessions(Time));
        store.Replace(empty, new StoreContinuity(StoreLoss.None));
        await Condition.HoldsAsync(() => KnowsAsync(empty, "alice"), "the list is restored");
    }

    [Fact]
    public async Task Node_that_has_never_learnt_who_was_ended_serves_nobody_who_is_logged_in_and_everybody_else()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions)) { Failing = StoreOperations.ReadDocument };
        var (a, b) = (
            await StartAsync(before: Login.ByQuery, options: WithKey),
            await StartAsync(before: Login.ByQuery, options: WithKey, store: faulty)
        );
        var (theirs, nobodys) = (await HotAsync("alice", a, a), await HotAsync(null, a, a));
        Assert.Equal("red", await nobodys.GetAsync("/get/color", b));
        await theirs.GetAsync("/get/color", b);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, theirs.LastStatus);
        faulty.Failing = StoreOperations.None;
        Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("red", await theirs.GetAsync("/get/color", b));
        faulty.Failing = StoreOperations.ReadDocument;
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
        await Time.DriveAsync(b.EndAllAsync("alice"));
        // A node that receives nothing over a connection that has proved alive cannot know.
        Assert.Equal("red", await browser.GetAsync("/get/color", a));
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
        await Task.WhenAll(
            Enumerable.Range(0, 200).Select(i => Task.Run(() => (i % 2 == 0 ? a : b).EndAllAsync("user" + i)))
        );
        Assert.Equal(200, (await DocumentAsync(Store)).Elements.Count);
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

    private static async Task<HttpStatusCode> StatusAsync(TestBrowser browser, TestNode node)
    {
        await browser.GetAsync("/get/color", node);
        return browser.LastStatus;
    }

    /// <summary>
    /// Also where another node, on a clock of its own, does not hear of it in this one's time.
    /// </summary>
    private Task EndedAsync(TestNode node, string name) => Time.DriveAsync(node.EndAllAsync(name));

    private async Task<IHost> WorkerAsync(IClusterSessionStore store)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddSingleton<TimeProvider>(Time);
        builder.Services.AddLogging(logging => logging.AddProvider(Logs));
        builder.Services.AddClusterSession().UseStore(_ => store);
        var host = builder.Build();
        await host.StartAsync();
        _hosts.Add(host);
        return host;
    }

    private async Task ServingAsync(int nodes) =>
        await Condition.HoldsAsync(
            async () =>
                (await Store.ReadDocumentAsync(NodePresence.DocumentName, default, default)).Elements.Count == nodes,
            "they serve"
        );

    private static ValueTask<StoreDocument> DocumentAsync(IClusterSessionStore store) =>
        store.ReadDocumentAsync(Revocations.DocumentName, DocumentPosition.None, default);

    private static async Task<bool> KnowsAsync(IClusterSessionStore store, string name) =>
        (await DocumentAsync(store)).Elements.Any(element =>
            Revocation.TryRead(element, out var known) && known.Principal == PrincipalKey.Of(name)
        );

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

        protected override async ValueTask<T> OnAsync<T>(
            StoreOperations operation,
            Func<ValueTask<T>> ask,
            Func<StoreFailure, T> unavailable
        )
        {
            MergesBefore += operation == StoreOperations.Merge && !_hasList ? 1 : 0;
            var answer = await ask();
            _hasList |=
                operation == StoreOperations.MergeDocument && answer is StoreDocument { Position.Sequence: > 0 };
            return answer;
        }
    }
}
