using ClusterSession.TestKit.Nodes;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http.SignIn;

/// <summary>
/// A browser logs in at a remote provider, and its page sends twenty requests at once to two nodes,
/// all with the login and the id from before.
/// </summary>
public sealed class ParallelLoginTests(ITestOutputHelper output) : SignInNodeTests
{
    private const int Requests = 20;
    private readonly TaskCompletionSource _hasRotated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _mayEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task Twenty_requests_at_a_login_see_one_session_under_one_new_id()
    {
        for (var round = 0; round < 10; round++)
        {
            var (a, b, browser, planted) = await BeginLoggedInAsync();
            var tabs = Enumerable.Range(0, Requests).Select(_ => browser.Copy()).ToArray();
            await Task.WhenAll(
                tabs.Select((tab, i) => tab.GetAsync(i % 4 == 3 ? $"/set/n{i}/1" : "/get/basket", i % 2 == 0 ? a : b))
            );
            var ids = tabs.Select(IdOf).Distinct().ToArray();
            output.WriteLine($"round {round}: {ids.Length} new ids");
            Assert.Single(ids);
            Assert.NotEqual(IdOf(planted), ids[0]);
            for (var i = 0; i < Requests; i++)
            {
                Assert.Equal(200, (int)tabs[i].LastStatus);
                Assert.Equal(i % 4 == 3 ? "1" : "tea", await tabs[i].Last!.Content.ReadAsStringAsync());
            }

            Assert.Equal("basket,n11,n15,n19,n3,n7", await tabs[0].GetAsync("/keys", a));
            Assert.Equal("basket,n11,n15,n19,n3,n7", await tabs[0].GetAsync("/keys", b));
            await SeesNothingAsync(planted, a, b);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Others_learn_the_new_id_where_the_answer_that_would_bring_it_is_aborted_or_takes_long(
        bool isAborted
    )
    {
        var (a, b, browser, planted) = await BeginLoggedInAsync();
        var first = browser.Copy();
        using var client = a.CreateClient();
        using var abort = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/rotates-and-waits");
        request.Headers.TryAddWithoutValidation(
            "Cookie",
            string.Join("; ", first.Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"))
        );
        var slow = client.SendAsync(request, abort.Token);
        await _hasRotated.Task.WaitAsync(TimeSpan.FromSeconds(10));
        if (isAborted)
        {
            await abort.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => slow);
        }

        var tabs = Enumerable.Range(0, Requests).Select(_ => browser.Copy()).ToArray();
        await Task.WhenAll(tabs.Select((tab, i) => tab.GetAsync("/get/basket", i % 2 == 0 ? a : b)));
        foreach (var tab in tabs)
        {
            Assert.Equal("tea", await tab.Last!.Content.ReadAsStringAsync());
        }

        var id = Assert.Single(tabs.Select(IdOf).Distinct());
        Assert.NotEqual(IdOf(planted), id);
        await SeesNothingAsync(planted, a, b);
        Time.Advance(TimeSpan.FromSeconds(30)); // Long after the grace the browser has the new id.
        Assert.Equal("tea", await tabs[0].GetAsync("/get/basket", b));
        _mayEnd.SetResult();
        if (!isAborted)
        {
            var late = await slow;
            Assert.Equal("tea", await late.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task Answer_of_a_request_that_does_not_ask_for_the_session_names_the_new_id_too()
    {
        var (a, b, browser, _) = await BeginLoggedInAsync();
        var late = browser.Copy();
        await browser.GetAsync("/get/basket", a);
        await late.GetAsync("/untouched", b);
        Assert.Equal(IdOf(browser), IdOf(late));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Post_without_the_login_takes_nothing_away(bool isAnothersLogin)
    {
        var (a, b, browser, planted) = await BeginLoggedInAsync();
        if (isAnothersLogin)
        {
            var bob = new LoginBrowser();
            await bob.GetAsync("/login/bob", a);
            planted.Cookies[LoginBrowser.LoginCookie] = bob.Login!;
        }

        var slow = planted.Copy();
        var posting = slow.GetAsync("/slow/basket/stolen", b);
        await Meeting.AreHereAsync(1);
        await browser.GetAsync("/get/basket", a);
        Meeting.GoOn();
        await posting;
        Assert.Equal(503, (int)slow.LastStatus);
        Assert.False(slow.Last!.Headers.Contains("Set-Cookie"));
        await planted.GetAsync("/set/basket/stolen", b);
        Assert.False(planted.Last!.Headers.Contains("Set-Cookie"));
        Assert.Equal("tea", await browser.GetAsync("/get/basket", b));
        Assert.Equal("basket", await browser.GetAsync("/keys", a));
    }

    [Fact]
    public async Task Without_a_default_scheme_the_login_is_authenticated_where_only_the_old_id_asks()
    {
        Task<TestNode> StartOneAsync() =>
            StartAsync(ServerKind.Kestrel, AuthenticationOrder.After, authentication: services =>
                services.AddAuthentication(Cookies).AddCookie()
            );
        var (a, b) = (await StartOneAsync(), await StartOneAsync());
        var browser = await BeginAndLogInAsync("anna", a);
        var late = browser.Copy();
        await browser.GetAsync("/login/anna", a);
        late.Cookies[LoginBrowser.LoginCookie] = browser.Login!;
        Assert.Equal("tea", await late.GetAsync("/get/basket", b)); // The sessions come before the authentication.
        Assert.Equal(IdOf(browser), IdOf(late));
    }

    private static async Task SeesNothingAsync(LoginBrowser planted, params TestNode[] nodes)
    {
        foreach (var node in nodes)
        {
            Assert.Equal("", await planted.Copy().GetAsync("/keys", node));
        }
    }

    /// <summary>
    /// Nodes, a browser whose login its session does not know of yet, and who planted its id.
    /// </summary>
    private async Task<(TestNode A, TestNode B, LoginBrowser Browser, LoginBrowser Planted)> BeginLoggedInAsync()
    {
        Task<TestNode> StartOneAsync() =>
            StartAsync(ServerKind.Kestrel, endpoints: Map, authentication: services => services
                    .AddAuthentication(Cookies)
                    .AddCookie()
                    .AddScheme<RemoteAuthenticationOptions, RemoteLogin>("remote", null, options =>
                    {
                        options.CallbackPath = RemoteLogin.Path;
                        options.SignInScheme = Cookies;
                    }));
        var (a, b) = (await StartOneAsync(), await StartOneAsync());
        var browser = await BeginAsync(a);
        var planted = browser.Copy();
        await browser.GetAsync("/signin-remote?as=anna&issuer=x", b);
        return (a, b, browser, planted);
    }

    private void Map(IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/rotates-and-waits", async (HttpContext context) =>
        {
            var basket = context.Session.GetString("basket")!;
            await context.Session.CommitAsync();
            _hasRotated.SetResult();
            await _mayEnd.Task;
            return basket;
        });
}
