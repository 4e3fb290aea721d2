using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>Responses that shared caches may keep, and the session's cookie.</summary>
public sealed class CacheableResponseTests : NodeTests
{
    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Response_to_a_request_that_does_not_touch_the_session_carries_no_cookie(ServerKind kind)
    {
        var (a, b) = (await StartAsync(Map, kind: kind), await StartAsync(Map, kind: kind));
        var page = a.Browser();
        await page.GetAsync("/set/color/red");
        var other = page.Copy();
        await other.GetAsync("/set/color/blue", b); // Now the page's cookie knows less than any node would show.
        foreach (var path in new[] { "/public", "/immutable", "/validated", "/untouched" })
        {
            await page.GetAsync(path);
            Assert.Equal(200, (int)page.LastStatus);
            Assert.False(page.LastSetCookie, path);
            Assert.DoesNotContain(
                "private",
                page.Last!.Headers.CacheControl?.ToString() ?? "",
                StringComparison.Ordinal
            );
        }

        Assert.Equal("blue", await page.GetAsync("/get/color"));
        Assert.True(page.LastSetCookie);
    }

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Static_file_behind_the_sessions_carries_no_cookie(ServerKind kind)
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory.File("site.3f2a.css"), "a { }");
        var files = new PhysicalFileProvider(directory.Path);
        void Static(WebApplication app) =>
            app.UseStaticFiles(
                new StaticFileOptions
                {
                    FileProvider = files,
                    OnPrepareResponse = file =>
                        file.Context.Response.Headers.CacheControl = "public, max-age=31536000, immutable",
                }
            );
        void Slide(ClusterSessionOptions options) => options.Cookie.MaxAge = TimeSpan.FromMinutes(30);
        var (a, b) = (
            await StartAsync(after: Static, options: Slide, kind: kind),
            await StartAsync(options: Slide, kind: kind)
        );
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.Copy().GetAsync("/set/color/blue", b);
        Time.Advance(TimeSpan.FromMinutes(5)); // A renewal for the version is due, and one for the cookie's life.
        Assert.Equal("a { }", await browser.GetAsync("/site.3f2a.css"));
        Assert.False(browser.LastSetCookie);
        Assert.True(browser.Last!.Headers.CacheControl!.Public);
        Assert.Equal("blue", await browser.GetAsync("/get/color"));
        Assert.True(browser.LastSetCookie);
    }

    [Theory]
    [InlineData("/touched/public", "max-age=600, private")]
    [InlineData("/touched/shared", "max-age=5, private")]
    [InlineData("/touched/no-cache", "no-cache, private")]
    [InlineData("/touched/no-store", "no-store")]
    [InlineData("/touched/fields", "private")]
    [InlineData("/touched/none", "private")]
    [InlineData("/touched/nonsense", "private")]
    public async Task Response_that_carries_the_cookie_is_private(string path, string expected)
    {
        var node = await StartAsync(Map);
        var browser = node.Browser();
        await browser.GetAsync(path);
        Assert.True(browser.LastSetCookie);
        Assert.Equal(expected, string.Join(", ", browser.Last!.Headers.GetValues("Cache-Control")));
        Assert.False(browser.Last.Headers.Contains("CDN-Cache-Control"));
    }

    [Theory]
    [InlineData("CDN-Cache-Control")]
    [InlineData("Cloudflare-CDN-Cache-Control")]
    [InlineData("Vercel-CDN-Cache-Control")]
    [InlineData("netlify-cdn-cache-control")]
    [InlineData("Surrogate-Control")]
    [InlineData("Edge-Control")]
    [InlineData("X-Accel-Expires")]
    [InlineData("X-LiteSpeed-Cache-Control")]
    public async Task Header_that_lets_a_cache_of_one_kind_keep_the_response_does_not_stay_beside_the_cookie(
        string header
    )
    {
        var node = await StartAsync(Map);
        var browser = node.Browser();
        await browser.GetAsync($"/for/{header}");
        Assert.True(browser.LastSetCookie);
        Assert.False(browser.Last!.Headers.Contains(header));
        Assert.Equal("private", browser.Last.Headers.CacheControl!.ToString());
        Assert.True(browser.Last.Headers.Contains("Not-CDN-Cache-Controlled"));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
    public async Task Public_that_a_callback_of_outer_middleware_sets_does_not_stay_beside_the_cookie(ServerKind kind)
    {
        var node = await StartAsync(kind: kind, before: app => app.Use(
                (context, next) =>
                {
                    context.Response.OnStarting(() =>
                    {
                        context.Response.Headers.CacheControl = "public, max-age=600";
                        return Task.CompletedTask;
                    });
                    return next(context);
                }
            ));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.True(browser.LastSetCookie);
        Assert.Equal("max-age=600, private", browser.Last!.Headers.CacheControl!.ToString());
        await browser.GetAsync("/untouched");
        Assert.Equal("public, max-age=600", browser.Last.Headers.CacheControl!.ToString());
    }

    [Fact]
    public async Task Renewal_for_a_retired_key_waits_for_a_response_that_no_shared_cache_keeps()
    {
        var first = Keys("the first secret of this test, 32+", 1);
        var node = await StartAsync(options: first);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var both = await StartAsync(Map, options: Keys("another secret, of the next key, 32", 2) + first);
        foreach (var path in new[] { "/read/public", "/read/etag", "/read/expires", "/read/max-age", "/read/targeted" })
        {
            await browser.GetAsync(path, both);
            Assert.False(browser.LastSetCookie, path);
        }

        await browser.GetAsync("/read/private-etag", both);
        Assert.True(browser.LastSetCookie);
        await browser.GetAsync("/get/color", both);
        Assert.False(browser.LastSetCookie);
    }

    private static Action<ClusterSessionOptions> Keys(string secret, int id) =>
        options =>
            options.Keys.Add(
                new SessionKeyOptions
                {
                    Id = id,
                    Secret = Convert.ToBase64String(
                        System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(secret))
                    ),
                    ActiveFrom = DateTimeOffset.UnixEpoch.AddDays(id),
                }
            );

    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
    public async Task Startup_filter_of_the_application_does_not_make_it_public(ServerKind kind)
    {
        var node = await StartAsync(
            services: services => services.AddSingleton<IStartupFilter, PublicFilter>(),
            kind: kind
        );
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.True(browser.LastSetCookie);
        Assert.True(browser.Last!.Headers.CacheControl!.Private);
        Assert.False(browser.Last.Headers.CacheControl.Public);
    }

    private static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/public", (HttpContext context) => With(context, "public, max-age=600"));
        endpoints.MapGet("/immutable", (HttpContext context) => With(context, "max-age=31536000, immutable"));
        endpoints.MapGet("/validated", (HttpContext context) =>
        {
            context.Response.Headers.ETag = "\"1\"";
            return "validated";
        });
        endpoints.MapGet("/touched/{what}", (HttpContext context, string what) =>
        {
            context.Session.SetString("touched", what);
            context.Response.Headers["CDN-Cache-Control"] = "max-age=60";
            return With(
                context,
                what switch
                {
                    "public" => "public, max-age=600",
                    "shared" => "s-maxage=600, max-age=5",
                    "no-cache" => "no-cache",
                    "no-store" => "no-store",
                    "fields" => "private=\"set-cookie\"",
                    "nonsense" => "max-age=;;\"",
                    _ => null,
                }
            );
        });
        endpoints.MapGet("/for/{header}", (HttpContext context, string header) =>
        {
            context.Session.SetString("touched", header);
            context.Response.Headers[header] = "max-age=60";
            context.Response.Headers["Not-CDN-Cache-Controlled"] = "1";
            return "";
        });
        endpoints.MapGet("/read/{what}", (HttpContext context, string what) =>
        {
            if (what.EndsWith("etag", StringComparison.Ordinal))
            {
                context.Response.Headers.ETag = "\"1\"";
            }

            if (what == "targeted")
            {
                context.Response.Headers["Cloudflare-CDN-Cache-Control"] = "max-age=60";
            }

            if (what == "expires")
            {
                context.Response.Headers.Expires = "Thu, 01 Jan 2099 00:00:00 GMT";
            }

            return context.Session.GetString("color")
                + With(
                    context,
                    what switch
                    {
                        "public" => "public",
                        "max-age" => "max-age=60",
                        "private-etag" => "private",
                        _ => null,
                    }
                );
        });
    }

    private static string With(HttpContext context, string? cacheControl)
    {
        if (cacheControl is not null)
        {
            context.Response.Headers.CacheControl = cacheControl;
        }

        return "";
    }

    /// <summary>
    /// Registered before the sessions, so that its middleware comes before all others.
    /// </summary>
    private sealed class PublicFilter : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) =>
            app =>
            {
                app.Use(
                    (context, following) =>
                    {
                        context.Response.OnStarting(() =>
                        {
                            context.Response.Headers.CacheControl = "public, max-age=600";
                            return Task.CompletedTask;
                        });
                        return following(context);
                    }
                );
                next(app);
            };
    }
}
