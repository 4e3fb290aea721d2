using ClusterSession.TestKit.Nodes;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>
/// The caches of ASP.NET Core itself, inside and outside of the sessions: what they hand to the
/// next client must not have our cookie.
/// </summary>
public sealed class CachingMiddlewareTests : NodeTests
{
    public static TheoryData<ServerKind, bool, bool, string> Cases
    {
        get
        {
            var cases = new TheoryData<ServerKind, bool, bool, string>();
            foreach (var kind in new[] { ServerKind.TestServer, ServerKind.Kestrel })
            {
                foreach (var path in new[] { "/text", "/json" })
                {
                    cases.Add(kind, true, true, path);
                    cases.Add(kind, true, false, path);
                    cases.Add(kind, false, true, path);
                    cases.Add(kind, false, false, path);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Cached_response_is_complete_and_brings_nobody_the_cookie_of_another_client(
        ServerKind kind,
        bool isOutputCache,
        bool isInside,
        string path
    )
    {
        void Cache(WebApplication app) => _ = isOutputCache ? app.UseOutputCache() : app.UseResponseCaching();
        var node = await StartAsync(
            endpoints =>
                endpoints
                    .MapGet(path, (HttpContext context) =>
                    {
                        context.Session.SetString("color", "red");
                        context.Response.Headers.CacheControl = "public, max-age=600";
                        return path == "/json"
                            ? context.Response.WriteAsJsonAsync(path)
                            : context.Response.WriteAsync(path);
                    })
                    .CacheOutput(),
            kind: kind,
            services: services => _ = isOutputCache ? services.AddOutputCache() : services.AddResponseCaching(),
            before: isInside ? null : Cache,
            after: isInside ? Cache : null
        );
        var (first, second) = (node.Browser(), node.Browser());
        var body = path == "/json" ? "\"/json\"" : path;
        Assert.Equal(body, await first.GetAsync(path));
        Assert.True(first.LastSetCookie);
        Assert.True(first.Last!.Headers.CacheControl!.Private);
        Assert.Equal(body, await second.GetAsync(path));
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal("red", await first.GetAsync("/get/color"));
    }
}
