using ClusterSession.TestKit.Nodes;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace ClusterSession.Tests.Http.SignIn;

/// <summary>
/// An attacker has used a session under a name of his own, then planted it, and holds a request
/// open over the victim's login, or comes again within the grace.
/// </summary>
public sealed class HeldRequestTests : SignInNodeTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Request_that_was_held_over_a_login_learns_nothing_of_the_new_id(bool isAtSameNode)
    {
        var a = await StartWithApiAsync();
        var b = isAtSameNode ? a : await StartWithApiAsync();
        var attacker = await BeginAsync(a);
        await BearerAsync(attacker, "mallory", "/api/x", a);
        var victim = PlantedIn(attacker);
        var held = BearerAsync(attacker, "mallory", "/held-api/y", b);
        await Meeting.AreHereAsync(1);
        await victim.GetAsync("/login/anna", a);
        await victim.GetAsync("/set/iban/DE12", a);
        Meeting.GoOn();
        await held;
        Assert.Equal(503, (int)attacker.LastStatus);
        Assert.False(attacker.Last!.Headers.Contains("Set-Cookie"));
        Assert.Equal("", await BearerAsync(attacker, "mallory", "/get/iban", b));
        Assert.Equal("basket,iban,x", await victim.GetAsync("/keys", a));
    }

    [Fact]
    public async Task Request_that_was_held_for_longer_than_the_grace_learns_nothing_either()
    {
        var node = await StartWithApiAsync(options => options.RotationGrace = TimeSpan.Zero);
        var attacker = await BeginAsync(node);
        await BearerAsync(attacker, "mallory", "/api/x", node);
        var victim = PlantedIn(attacker);
        var held = BearerAsync(attacker, "mallory", "/held-api/y", node);
        await Meeting.AreHereAsync(1);
        await victim.GetAsync("/login/anna", node);
        Time.Advance(TimeSpan.FromMinutes(5));
        await victim.GetAsync("/set/iban/DE12", node);
        Meeting.GoOn();
        await held;
        Assert.NotEqual(IdOf(victim), IdOf(attacker));
        Assert.Equal("", await BearerAsync(attacker, "mallory", "/get/iban", node));
        Assert.Equal("basket,iban,x", await victim.GetAsync("/keys", node));
    }

    [Fact]
    public async Task Request_held_by_the_same_identifier_at_another_issuer_learns_nothing()
    {
        var node = await StartAsync(ServerKind.Kestrel, endpoints: endpoints =>
            endpoints.MapGet("/login-at/{issuer}", (HttpContext context, string issuer) =>
                context.SignInAsync(Cookies, User("583231", issuer: issuer))
            )
        );
        var attacker = await BeginAsync(node);
        await attacker.GetAsync("/login-at/github", node);
        var victim = PlantedIn(attacker);
        var held = attacker.GetAsync("/slow/y/1", node);
        await Meeting.AreHereAsync(1);
        await victim.GetAsync("/login-at/customer", node);
        await victim.GetAsync("/set/iban/DE12", node);
        Meeting.GoOn();
        await held;
        Assert.NotEqual(IdOf(victim), IdOf(attacker));
        Assert.Equal("", await attacker.Copy().GetAsync("/get/iban", node));
        Assert.Equal("", await PlantedIn(attacker).GetAsync("/get/iban", node));
        Assert.Equal("iban", await victim.GetAsync("/keys", node));
    }

    [Fact]
    public async Task Login_of_who_planted_a_session_does_not_follow_it_where_the_application_changes_the_id()
    {
        var node = await StartAsync(
            ServerKind.Kestrel,
            options: options => options.RotateIdAtSignIn = false,
            endpoints: endpoints =>
                endpoints.MapGet("/login-and-rotate/{name}", async (HttpContext context, string name) =>
                {
                    await SignInAsync(context, name);
                    await context.GetClusterSession().RotateIdAsync();
                })
        );
        var attacker = await BeginAsync(node);
        await attacker.GetAsync("/login-and-rotate/mallory", node);
        Assert.Equal("tea", await attacker.GetAsync("/get/basket", node)); // Mallory is recorded in the session.
        var victim = PlantedIn(attacker);
        await victim.GetAsync("/login-and-rotate/anna", node);
        await victim.GetAsync("/set/iban/DE12", node);
        Assert.Equal("", await attacker.GetAsync("/get/iban", node));
        Assert.NotEqual(IdOf(victim), IdOf(attacker));
        Assert.Equal("DE12", await victim.GetAsync("/get/iban", node));
    }

    [Theory]
    [InlineData(Cookies)]
    [InlineData(HeaderLogin.Name)]
    public async Task Bearer_who_used_a_session_does_not_follow_it_where_the_login_is_in_the_session(
        string defaultScheme
    )
    {
        var node = await StartWithApiAsync(defaultScheme: defaultScheme);
        var attacker = await BeginAsync(node);
        await BearerAsync(attacker, "mallory", "/api/x", node);
        var victim = PlantedIn(attacker);
        await victim.GetAsync("/login-in-session/anna", node);
        Assert.Equal("", await BearerAsync(attacker, "mallory", "/get/user", node));
        Assert.Equal("", await BearerAsync(attacker, "mallory", "/read-api/user", node));
        Assert.NotEqual(IdOf(victim), IdOf(attacker));
        Assert.Equal("anna", await victim.GetAsync("/get/user", node));
    }

    [Fact]
    public async Task Login_of_another_that_was_held_takes_nothing_from_who_logged_in_meanwhile()
    {
        var node = await StartAsync(ServerKind.Kestrel, endpoints: endpoints =>
            endpoints.MapGet("/held-login/{name}", async (HttpContext context, string name) =>
            {
                await Meeting.WaitAsync();
                await SignInAsync(context, name);
            })
        );
        var attacker = await BeginAsync(node);
        var victim = attacker.Copy();
        var held = attacker.GetAsync("/held-login/mallory", node);
        await Meeting.AreHereAsync(1);
        await victim.GetAsync("/login/anna", node);
        await victim.GetAsync("/set/iban/DE12", node);
        Meeting.GoOn();
        await held;
        Assert.Equal("", await attacker.GetAsync("/get/iban", node));
        Assert.Equal("basket,iban", await victim.GetAsync("/keys", node));
    }

    private Task<TestNode> StartWithApiAsync(
        Action<ClusterSessionOptions>? options = null,
        string defaultScheme = Cookies
    ) =>
        StartAsync(
            ServerKind.Kestrel,
            options: options,
            authentication: services => AddCookieAndBearer(services, defaultScheme),
            endpoints: MapApi
        );

    private void MapApi(IEndpointRouteBuilder endpoints)
    {
        var api = endpoints
            .MapGroup("")
            .RequireAuthorization(new AuthorizeAttribute { AuthenticationSchemes = HeaderLogin.Name });
        api.MapGet("/api/{key}", (HttpContext context, string key) => context.Session.SetString(key, "1"));
        api.MapGet("/read-api/{key}", (HttpContext context, string key) => context.Session.GetString(key) ?? "");
        api.MapGet("/held-api/{key}", async (HttpContext context, string key) =>
        {
            await Meeting.WaitAsync();
            context.Session.SetString(key, "1");
        });
        endpoints.MapGet("/login-in-session/{name}", async (HttpContext context, string name) =>
        {
            context.Session.SetString("user", name);
            await context.GetClusterSession().RotateIdAsync();
        });
    }
}
