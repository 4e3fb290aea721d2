using System.Buffers;
using System.IO.Compression;
using System.Text;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.DropIn;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>Sessions beside other parts of the pipeline.</summary>
public sealed class PipelineTests : NodeTests
{
    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task ReadOnly_endpoint_may_do_to_the_session_what_changes_nothing(ServerKind kind)
    {
        var node = await StartAsync(
            endpoints =>
                endpoints
                    .MapGet("/look", (HttpContext context) =>
                    {
                        context.Session.Remove("TempData");
                        context.Session.SetString("color", "red");
                        context.Session.SetString("color", context.Session.GetString("color")!);
                        return "looked";
                    })
                    .WithSessionAccess(SessionConcurrency.ReadOnly),
            kind: kind
        );
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal("looked", await browser.GetAsync("/look"));
        Assert.False(browser.LastSetCookie);
    }

    [Fact]
    public async Task ReadOnly_endpoint_that_sets_another_value_is_refused_at_once()
    {
        var node = await StartAsync(endpoints =>
            endpoints
                .MapGet("/change", (HttpContext context) =>
                    Assert.Throws<InvalidOperationException>(() => context.Session.SetString("color", "blue")).Message
                )
                .WithSessionAccess(SessionConcurrency.ReadOnly)
        );
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Contains("ReadOnly", await browser.GetAsync("/change"), StringComparison.Ordinal);
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Theory]
    [InlineData("/remove-it")]
    [InlineData("/clear-it")]
    [InlineData("/remove-it?body=1")]
    [InlineData("/remove-it-late")]
    public async Task ReadOnly_endpoint_that_does_not_put_an_attribute_back_is_refused_when_its_headers_leave(
        string path
    )
    {
        var node = await StartAsync(endpoints =>
        {
            endpoints
                .MapGet("/remove-it", (HttpContext context) =>
                {
                    context.Session.Remove("color");
                    Assert.Null(context.Session.GetString("color"));
                    Assert.Empty(context.Session.Keys);
                    return context.Request.Query.ContainsKey("body") ? Results.Text("body") : Results.Empty;
                })
                .WithSessionAccess(SessionConcurrency.ReadOnly);
            endpoints
                .MapGet("/clear-it", (HttpContext context) => context.Session.Clear())
                .WithSessionAccess(SessionConcurrency.ReadOnly);
            endpoints
                .MapGet("/remove-it-late", async (HttpContext context) =>
                {
                    await context.Response.WriteAsync("late");
                    await context.Response.Body.FlushAsync();
                    context.Session.Remove("color");
                })
                .WithSessionAccess(SessionConcurrency.ReadOnly);
        });
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => browser.GetAsync(path));
        Assert.Contains("removes the attribute 'color'", failure.ToString(), StringComparison.Ordinal);
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
    public async Task ReadOnly_endpoint_may_take_an_attribute_out_and_put_it_back_in_a_callback(ServerKind kind)
    {
        var node = await StartAsync(
            endpoints =>
                endpoints
                    .MapGet("/peek", (HttpContext context) =>
                    {
                        var color = context.Session.GetString("color");
                        context.Session.Remove("color");
                        context.Response.OnStarting(() =>
                        {
                            context.Session.SetString("color", color!);
                            return Task.CompletedTask;
                        });
                        return color;
                    })
                    .WithSessionAccess(SessionConcurrency.ReadOnly),
            kind: kind
        );
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Store.Reset();
        Assert.Equal("red", await browser.GetAsync("/peek"));
        Assert.Equal("red", await browser.GetAsync("/get/color"));
        Assert.Equal(0, Store.Count(ClusterSession.TestKit.Stores.StoreOperations.Sessions));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Removing_nothing_is_no_change_even_after_the_headers(ServerKind kind)
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/late", async (HttpContext context) =>
                {
                    await context.Response.WriteAsync("late");
                    await context.Response.Body.FlushAsync();
                    context.Session.Remove("nothing");
                    context.Session.Clear();
                }), kind: kind);
        var browser = node.Browser();
        Assert.Equal("late", await browser.GetAsync("/late"));
        Assert.Equal(0, Sessions.Count);
    }

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Application_may_put_a_session_of_its_own_in_place(ServerKind kind)
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/own", (HttpContext context) =>
                {
                    context.Session.SetString("color", "red");
                    context.Session = new OwnSession();
                    context.Session.SetString("color", "own");
                    return context.Session.GetType().Name;
                }), kind: kind);
        var browser = node.Browser();
        Assert.Equal(nameof(OwnSession), await browser.GetAsync("/own"));
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Body_may_be_written_synchronously_after_a_change_where_the_server_allows_it(ServerKind kind)
    {
        var node = await StartAsync(
            endpoints =>
            {
                endpoints.MapGet("/sync", (HttpContext context) =>
                {
                    context.Features.GetRequiredFeature<IHttpBodyControlFeature>().AllowSynchronousIO = true;
                    context.Session.SetString("color", "red");
                    using var writer = new StreamWriter(context.Response.Body);
                    writer.Write(new string('s', 100_000));
                    writer.Flush();
                    context.Response.BodyWriter.Write("w"u8);
                    context.Response.Body.Write("e"u8);
                });
                endpoints.MapGet("/forbidden", (HttpContext context) =>
                {
                    context.Features.GetRequiredFeature<IHttpBodyControlFeature>().AllowSynchronousIO = false;
                    context.Session.SetString("color", "red");
                    return Assert.Throws<InvalidOperationException>(() => context.Response.Body.Write("x"u8)).Message;
                });
            },
            kind: kind
        );
        var browser = node.Browser();
        Assert.Equal(new string('s', 100_000) + "we", await browser.GetAsync("/sync"));
        Assert.Equal("red", await browser.GetAsync("/get/color"));
        Assert.Contains("AllowSynchronousIO", await browser.GetAsync("/forbidden"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Bytes_that_wait_for_the_commit_go_with_the_response_that_an_inner_error_page_clears(
        ServerKind kind
    )
    {
        var node = await StartAsync(
            endpoints =>
            {
                endpoints.MapGet("/fail", (HttpContext context) =>
                {
                    context.Features.GetRequiredFeature<IHttpBodyControlFeature>().AllowSynchronousIO = true;
                    context.Session.SetString("color", "red");
                    context.Response.Body.Write("ab"u8);
                    Assert.True(context.Response.Body.CanSeek);
                    Assert.Equal((2, 2), (context.Response.Body.Length, context.Response.Body.Position));
                    throw new FormatException();
                });
                endpoints.MapGet("/error", (HttpContext context) =>
                {
                    Assert.False(context.Response.Body.CanSeek);
                    return "error";
                });
            },
            after: app => app.UseExceptionHandler("/error"),
            kind: kind
        );
        var browser = node.Browser();
        Assert.Equal("error", await browser.GetAsync("/fail"));
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Theory]
    [InlineData(ServerKind.TestServer, true)]
    [InlineData(ServerKind.TestServer, false)]
    [InlineData(ServerKind.Kestrel, true)]
    [InlineData(ServerKind.Kestrel, false)]
    public async Task Compressed_body_is_complete_though_the_endpoint_does_not_flush_it(ServerKind kind, bool isInside)
    {
        void Compress(WebApplication app) => app.UseResponseCompression();
        var node = await StartAsync(endpoints => endpoints.MapGet("/compressed", (HttpContext context) =>
                {
                    context.Response.ContentType = "text/plain";
                    context.Session.SetString("color", "red");
                    context.Response.BodyWriter.Write("not flushed"u8);
                }), kind: kind, services: services => services.AddResponseCompression(), before: isInside ? null : Compress, after: isInside ? Compress : null);
        using var client = node.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/compressed");
        request.Headers.Add("Accept-Encoding", "gzip");
        using var response = await client.SendAsync(request);
        Assert.Equal("gzip", response.Content.Headers.ContentEncoding.Single());
        Assert.True(response.Headers.Contains("Set-Cookie"));
        await using var unzipped = new GZipStream(
            await response.Content.ReadAsStreamAsync(),
            CompressionMode.Decompress
        );
        using var reader = new StreamReader(unzipped);
        Assert.Equal("not flushed", await reader.ReadToEndAsync());
    }

    [Theory]
    [InlineData(ServerKind.TestServer, "/text")]
    [InlineData(ServerKind.Kestrel, "/text")]
    [InlineData(ServerKind.TestServer, "/json")]
    [InlineData(ServerKind.Kestrel, "/json")]
    [InlineData(ServerKind.TestServer, "/stream")]
    [InlineData(ServerKind.Kestrel, "/stream")]
    [InlineData(ServerKind.TestServer, "/writer")]
    [InlineData(ServerKind.Kestrel, "/writer")]
    public async Task Response_that_is_compressed_inside_and_not_committed_is_a_503_without_the_endpoints_body(
        ServerKind kind,
        string path
    )
    {
        var store = new FaultyStore(new InMemorySessionStore(Sessions));
        var node = await StartAsync(endpoints => endpoints.MapGet("/{how}", async (HttpContext context, string how) =>
                {
                    context.Session.SetString("color", "red");
                    context.Response.ContentType = "text/plain";
                    var thanks = new string('!', 10_000);
                    if (how == "writer")
                    {
                        context.Response.BodyWriter.Write(Encoding.UTF8.GetBytes(thanks));
                        await context.Response.BodyWriter.FlushAsync();
                        context.Response.BodyWriter.Write("more"u8);
                        return;
                    }

                    await (
                        how switch
                        {
                            "json" => context.Response.WriteAsJsonAsync(new { thanks }),
                            "stream" => context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(thanks)).AsTask(),
                            _ => context.Response.WriteAsync(thanks),
                        }
                    );
                }), kind: kind, store: store, services: services => services.AddResponseCompression(), after: app => app.UseResponseCompression());
        store.Failing = StoreOperations.All;
        using var client = node.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Accept-Encoding", "gzip");
        using var response = await client.SendAsync(request);
        Assert.Equal(503, (int)response.StatusCode);
        Assert.Equal("", await response.Content.ReadAsStringAsync());
        Assert.Empty(response.Content.Headers.ContentEncoding);
        Assert.True(response.Headers.Contains("Session-Commit"));
    }

    [Fact]
    public async Task Names_of_attributes_are_text_with_one_form_in_UTF8()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/names", (HttpContext context) =>
            {
                context.Session.SetString("\uFFFD", "replacement");
                context.Session.SetString("\U0001F375", "tea");
                var refusal = Assert.Throws<ArgumentException>(() => context.Session.SetString("\uD800", "half"));
                Assert.Null(context.Session.GetString("\uD800"));
                context.Session.Remove("\uDC00x");
                return $"{refusal.Message} {context.Session.GetString("\U0001F375")} {context.Session.GetString("\uFFFD")}";
            }));
        Assert.Matches("surrogate.*tea replacement$", await node.Browser().GetAsync("/names"));
        Assert.Equal(1, Sessions.Count);
    }

    [Fact]
    public async Task Names_longer_than_the_limit_are_refused_and_the_message_names_the_setting()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/long", (HttpContext context) =>
                {
                    context.Session.SetString("12345678", "fits");
                    context.Session.SetString("12\u20AC\u20AC", "fits");
                    return Assert
                        .Throws<ArgumentException>(() => context.Session.SetString("123\u20AC\u20AC", "no"))
                        .Message;
                }), options => options.MaxAttributeNameBytes = 8);
        Assert.Contains(
            "9 bytes of UTF-8, and ClusterSession:MaxAttributeNameBytes allows 8",
            await node.Browser().GetAsync("/long"),
            StringComparison.Ordinal
        );
    }

    private sealed class OwnSession : ISession
    {
        private readonly Dictionary<string, byte[]> _values = [];

        public bool IsAvailable => true;

        public string Id => "own";

        public IEnumerable<string> Keys => _values.Keys;

        public void Clear() => _values.Clear();

        public Task CommitAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task LoadAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

        public void Remove(string key) => _values.Remove(key);

        public void Set(string key, byte[] value) => _values[key] = value;

        public bool TryGetValue(string key, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out byte[]? value) =>
            _values.TryGetValue(key, out value);
    }
}
