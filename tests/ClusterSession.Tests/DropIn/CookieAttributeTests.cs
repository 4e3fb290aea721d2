using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace ClusterSession.Tests.DropIn;

/// <summary>What the options make of the cookie, and what the middlewares around it do.</summary>
public sealed class CookieAttributeTests : DropInCases
{
    [Theory]
    [BothServers(CookieSecurePolicy.Always, "http", true)]
    [BothServers(CookieSecurePolicy.Always, "https", true)]
    [BothServers(CookieSecurePolicy.None, "http", false)]
    [BothServers(CookieSecurePolicy.None, "https", false)]
    [BothServers(CookieSecurePolicy.SameAsRequest, "http", false)]
    [BothServers(CookieSecurePolicy.SameAsRequest, "https", true)]
    public Task Secure_follows_the_policy_and_the_scheme(
        HostKind server,
        CookieSecurePolicy policy,
        string scheme,
        bool isSecure
    ) =>
        SameAsync(
            server,
            new() { Cookie = cookie => cookie.SecurePolicy = policy, Outside = Scheme },
            $$"""
            GET /set?a=1 {X-Scheme: {{scheme}}} [Set-Cookie]
                -> 200 'set' cookie Set-Cookie=[session; httponly; path=/; samesite=lax{{(isSecure ? "; secure" : "")}}]
            """
        );

    [Theory, BothServers]
    public Task Name_domain_path_and_life_are_as_set(HostKind server) =>
        SameAsync(
            server,
            new()
            {
                Cookie = cookie =>
                {
                    cookie.Name = "own";
                    cookie.Domain = "example.com";
                    cookie.Path = "/shop";
                    cookie.MaxAge = TimeSpan.FromHours(1);
                    cookie.SameSite = SameSiteMode.Strict;
                    cookie.HttpOnly = false;
                },
            },
            """
            GET /set?a=1 [Set-Cookie]
                -> 200 'set' cookie Set-Cookie=[own; domain=example.com; max-age=3600; path=/shop; samesite=strict]
            GET /get?a                -> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task SameSite_None_and_extensions_are_sent(HostKind server) =>
        SameAsync(
            server,
            new()
            {
                Cookie = cookie =>
                {
                    cookie.SameSite = SameSiteMode.None;
                    cookie.SecurePolicy = CookieSecurePolicy.Always;
                    cookie.Extensions.Add("Partitioned");
                },
            },
            """
            GET /set?a=1 [Set-Cookie]
                -> 200 'set' cookie Set-Cookie=[session; httponly; Partitioned; path=/; samesite=none; secure]
            """
        );

    [Theory, BothServers]
    public Task SameSite_Unspecified_is_not_sent(HostKind server) =>
        SameAsync(
            server,
            new() { Cookie = cookie => cookie.SameSite = SameSiteMode.Unspecified },
            """
            GET /set?a=1 [Set-Cookie] -> 200 'set' cookie Set-Cookie=[session; httponly; path=/]
            """
        );

    [Theory, BothServers]
    public Task Cookie_is_not_essential_by_default_and_waits_for_consent(HostKind server) =>
        SameAsync(
            server,
            Consent(null),
            """
            GET /set?a=1 [Set-Cookie] -> 200 'set' Set-Cookie=[]
            GET /get?a                -> 200 '-'
            GET /consent              -> 200 'consent'
            GET /set?a=1              -> 200 'set' cookie
            GET /get?a                -> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task Essential_cookie_waits_for_no_consent(HostKind server) =>
        SameAsync(
            server,
            Consent(true),
            """
            GET /set?a=1 -> 200 'set' cookie
            GET /get?a   -> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task Cookie_policy_has_the_last_word_on_attributes(HostKind server) =>
        SameAsync(
            server,
            new()
            {
                Outside = app =>
                    app.UseCookiePolicy(
                        new CookiePolicyOptions
                        {
                            MinimumSameSitePolicy = SameSiteMode.Strict,
                            Secure = CookieSecurePolicy.Always,
                            OnAppendCookie = context => context.CookieOptions.Domain = "policy.example",
                        }
                    ),
            },
            """
            GET /set?a=1 [Set-Cookie]
                -> 200 'set' cookie Set-Cookie=[session; domain=policy.example; httponly; path=/; samesite=strict; secure]
            GET /get?a                -> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task Cookie_that_is_rubbish_means_no_session_and_is_left_alone(HostKind server) =>
        SameAsync(
            server,
            new() { Cookie = cookie => cookie.Name = "own" },
            """
            GET /get?a {Cookie: own=rubbish}    -> 200 '-'
            GET /untouched {Cookie: own=}       -> 200 'untouched'
            GET /set?a=1 {Cookie: own=rubbish}  -> 200 'set' cookie
            GET /get?a                          -> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task Other_cookies_of_the_response_stay(HostKind server) =>
        SameAsync(
            server,
            new()
            {
                Endpoints = endpoints => endpoints.Map("/both", context =>
                    {
                        context.Response.Cookies.Append("before", "1");
                        context.Session.SetString("a", "1");
                        context.Response.Cookies.Append("after", "2");
                        return context.Response.WriteAsync("both");
                    }),
                Inside = app =>
                    app.Use(
                        (context, next) =>
                        {
                            var others = context.Request.Cookies.Count(cookie => cookie.Key is "before" or "after");
                            context.Response.Headers["X-Cookies"] = $"{others}";
                            return next(context);
                        }
                    ),
            },
            """
            GET /both [X-Cookies]  -> 200 'both' cookie X-Cookies=[0]
            GET /get?a [X-Cookies] -> 200 '1' X-Cookies=[2]
            """
        );

    [Theory, BothServers]
    public Task Caching_headers_stay_where_the_session_is_not_touched_or_only_read(HostKind server) =>
        SameAsync(
            server,
            Cached(),
            """
            GET /cached [Cache-Control, Pragma, Expires]
                -> 200 '-' Cache-Control=[public, max-age=600] Pragma=[] Expires=[]
            GET /set?a=1                                      -> 200 'set' cookie
            GET /cached [Cache-Control, Pragma, Expires]
                -> 200 '1' Cache-Control=[public, max-age=600] Pragma=[] Expires=[]
            GET /untouched [Cache-Control, Pragma, Expires]   -> 200 'untouched' Cache-Control=[] Pragma=[] Expires=[]
            """
        );

    private static DropInProgram Cached() => DropInProgram.With("/cached", context =>
        {
            context.Response.Headers.CacheControl = "public, max-age=600";
            return context.Session.GetString("a");
        });

    private static void Scheme(WebApplication app) =>
        app.Use(
            (context, next) =>
            {
                context.Request.Scheme = context.Request.Headers["X-Scheme"].ToString();
                return next(context);
            }
        );

    private static DropInProgram Consent(bool? isEssential) =>
        new()
        {
            Cookie = cookie => cookie.IsEssential = isEssential ?? cookie.IsEssential,
            Outside = app => app.UseCookiePolicy(new CookiePolicyOptions { CheckConsentNeeded = _ => true }),
            Endpoints = endpoints => endpoints.Map("/consent", context =>
                {
                    context.Features.Get<ITrackingConsentFeature>()!.GrantConsent();
                    return context.Response.WriteAsync("consent");
                }),
        };
}
