using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using ClusterSession.IntegrationTests.Pages;
using Xunit;

namespace ClusterSession.IntegrationTests.Samples;

/// <summary>Each sample does what its page says.</summary>
public sealed class SampleTests(SampleSite site) : IClassFixture<SampleSite>
{
    [Fact]
    public async Task Basket_of_the_minimal_API_is_the_same_on_both_nodes()
    {
        var starting = (site.StartAsync("MinimalApi", "/health"), site.StartAsync("MinimalApi", "/health"));
        await using var a = await starting.Item1;
        await using var b = await starting.Item2;
        using var browser = new WebBrowser(a, b);
        await WalkMinimalApiAsync(browser);
    }

    [Fact]
    public async Task Message_of_the_MVC_sample_shows_once_and_its_logout_counts_on_another_node()
    {
        var starting = (site.StartAsync("Mvc"), site.StartAsync("Mvc"));
        await using var a = await starting.Item1;
        await using var b = await starting.Item2;
        using var browser = new WebBrowser(a, b);

        await browser.OpenAsync("/");
        await browser.SubmitAsync("/Home/Note", ("note", "buy milk"));
        Assert.Equal("Noted: buy milk", browser.Text("message"));
        await browser.OpenAsync("/");
        Assert.Equal("", browser.Text("message"));
        Assert.Equal("buy milk", browser.Text("note"));

        var before = Id(browser);
        await browser.OpenAsync("/Account/Login");
        await browser.SubmitAsync("/Account/Login", ("name", "anna"), ("password", "wrong"));
        Assert.Equal("Wrong name or password", browser.Text("message"));
        Assert.Equal(before, Id(browser));
        await browser.SubmitAsync("/Account/Login", ("name", "anna"), ("password", "secret of anna"));
        Assert.Equal(("anna", "Welcome, anna"), (browser.Text("user"), browser.Text("message")));
        Assert.Equal("buy milk", browser.Text("note"));
        var loggedIn = Id(browser);
        Assert.NotEqual(before, loggedIn);

        await browser.SubmitAsync("/Account/Confirm");
        Assert.NotEqual(loggedIn, Id(browser));
        await browser.OpenAsync("/Home/Secret");
        Assert.Equal("The secret.", browser.Page);

        // The same cookies at the other node, which has a copy of the session.
        using var other = browser.Copy(b);
        await other.OpenAsync("/");
        Assert.Equal(("anna", "buy milk"), (other.Text("user"), other.Text("note")));
        browser.UseNodes(a);
        await browser.OpenAsync("/");
        await browser.SubmitAsync("/Account/Logout");
        Assert.Equal(("", ""), (browser.Text("user"), browser.Text("note")));
        await Condition.HoldsAsync(
            async () =>
            {
                await other.OpenAsync("/");
                return (other.Text("user"), other.Text("note")) == ("", "");
            },
            "login and session are over at the other node"
        );
    }

    [Fact]
    public async Task Name_that_a_form_of_the_Blazor_sample_stores_comes_to_its_circuit()
    {
        await using var node = await site.StartAsync("Blazor");
        using var browser = new WebBrowser(node);
        await browser.OpenAsync("/");
        Assert.Equal("nobody", browser.Text("name"));
        Assert.Contains("{\"type\":\"server\"", browser.Page, StringComparison.Ordinal);
        await browser.OpenAsync("/name");
        await browser.SubmitAsync("/name", ("_handler", "name"), ("Input.Name", "anna"));
        Assert.Equal("anna", browser.Text("name"));
        Assert.StartsWith("Hello, anna.", browser.Text("greeting"), StringComparison.Ordinal);
        await browser.OpenAsync("/_framework/blazor.web.js");
        await browser.SendAsync(HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1");
        Assert.Contains("WebSockets", browser.Page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_applications_share_a_login_and_a_session_and_their_end()
    {
        var starting = (site.StartAsync("TwoApplications/Storefront"), site.StartAsync("TwoApplications/Support"));
        await using var shop = await starting.Item1;
        await using var support = await starting.Item2;
        using var browser = new WebBrowser(shop);
        await browser.SendAsync(HttpMethod.Post, "/login/anna");
        await browser.SendAsync(HttpMethod.Post, "/basket/apple");

        browser.UseNodes(support);
        await browser.OpenAsync("/");
        Assert.Equal("""{"user":"anna","basket":["apple"]}""", browser.Page);
        await browser.SendAsync(HttpMethod.Post, "/note/called");

        browser.UseNodes(shop);
        await browser.OpenAsync("/");
        Assert.Equal("""{"user":"anna","basket":["apple"],"note":"called"}""", browser.Page);

        using var staff = new WebBrowser(support);
        await staff.SendAsync(HttpMethod.Post, "/end/anna");
        await Condition.HoldsAsync(
            async () =>
            {
                await browser.OpenAsync("/");
                return browser.Page == """{"user":null,"basket":[],"note":null}""";
            },
            "login and session are over in the shop"
        );
    }

    [LongFact]
    public async Task Application_host_starts_a_redis_and_two_nodes_that_share_it()
    {
        var ports = (FreePort.Next(), FreePort.Next());
        await using var host = await ServerProcess.StartAsync(
            "dotnet",
            [
                SampleSite.Assembly("AspireHost"),
                "--Dashboard=false",
                $"--Node1Port={Text(ports.Item1)}",
                $"--Node2Port={Text(ports.Item2)}",
            ],
            SampleSite.Directory("AspireHost"),
            SampleSite.Patient,
            site.LogFile("AspireHost")
        );
        var (a, b) = (Address(ports.Item1), Address(ports.Item2));
        try
        {
            await host.ReadyAsync(async () => await IsUpAsync(a) && await IsUpAsync(b), TimeSpan.FromMinutes(2));
            using var browser = new WebBrowser(a, b);
            await WalkMinimalApiAsync(browser);
        }
        finally
        {
            // In order: what it has started ends then, after it.
            await host.TerminateAsync();
        }

        await Condition.HoldsAsync(
            async () => !await IsUpAsync(a) && !await IsUpAsync(b),
            "the nodes have ended with the host"
        );
    }

    private static async Task WalkMinimalApiAsync(WebBrowser browser)
    {
        await browser.SendAsync(HttpMethod.Post, "/basket/apple");
        await browser.SendAsync(HttpMethod.Post, "/basket/pear");
        await browser.SendAsync(HttpMethod.Post, "/basket/apple");
        Assert.Equal("""{"apple":2,"pear":1}""", browser.Page);
        await browser.OpenAsync("/basket/count");
        Assert.Equal("3", browser.Page);
        await browser.SendAsync(HttpMethod.Delete, "/basket/apple");
        await browser.OpenAsync("/basket");
        Assert.Equal("""{"pear":1}""", browser.Page);

        using var address = JsonContent.Create(new { Street = "Main Street", City = "Springfield" });
        await browser.SendAsync(HttpMethod.Put, "/address", address);
        await browser.OpenAsync("/address");
        Assert.Equal("Springfield", JsonDocument.Parse(browser.Page).RootElement.GetProperty("city").GetString());
    }

    private static async Task<bool> IsUpAsync(Uri node)
    {
        using var http = new HttpClient();
        try
        {
            using var response = await http.GetAsync(new Uri(node, "/health"));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>The part of the cookie that names the session.</summary>
    private static string Id(WebBrowser browser) =>
        browser.Cookies.GetAllCookies().Single(cookie => cookie.Name == ".ClusterSession").Value.Split('.')[0];

    private static Uri Address(int port) => new($"http://127.0.0.1:{Text(port)}");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
