using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.DropIn;

/// <summary>The ways in which a response is written after a change.</summary>
public sealed class ResponseTests : DropInCases
{
    [Theory]
    [BothServers("GET", 200)]
    [BothServers("GET", 204)]
    [BothServers("GET", 302)]
    [BothServers("GET", 304)]
    [BothServers("GET", 404)]
    [BothServers("HEAD", 200)]
    [BothServers("POST", 303)]
    public Task Change_is_kept_and_its_cookie_sent_with_an_empty_answer(HostKind server, string verb, int status) =>
        SameAsync(
            server,
            new() { Endpoints = endpoints => endpoints.Map("/empty", context =>
                    {
                        context.Session.SetString("a", "1");
                        context.Response.StatusCode = int.Parse(
                            context.Request.Query["status"]!,
                            CultureInfo.InvariantCulture
                        );
                        context.Response.Headers.Location = "/get?a";
                        return Task.CompletedTask;
                    }) },
            $"""
            {verb} /empty?status={status} [Location] -> {status} '' cookie Location=[/get?a]
            GET /get?a                               -> 200 '1'
            """
        );

    [Theory]
    [BothServers("write")]
    [BothServers("writer")]
    [BothServers("writer-unflushed")]
    [BothServers("length")]
    [BothServers("completed")]
    [BothServers("sync")]
    [BothServers("sync-mixed")]
    [BothServers("buffering-off")]
    [BothServers("file")]
    [BothServers("early-body")]
    [BothServers("early-writer")]
    [BothServers("writer-as-stream")]
    [BothServers("many-pieces")]
    public Task Body_is_whole_however_it_is_written(HostKind server, string way) =>
        SameAsync(
            server,
            Writing,
            $"""
            GET /way?{way} -> 200 'written' cookie
            GET /get?way   -> 200 '{way}'
            GET /way?{way} -> 200 'written'
            """
        );

    [Theory, BothServers]
    public Task Synchronous_write_that_is_not_allowed_is_refused(HostKind server) =>
        SameAsync(
            server,
            DropInProgram.With("/sync", context =>
            {
                context.Session.SetString("a", "1");
                var refusal = Record.Exception(() => context.Response.Body.Write("sync"u8));
                return context.Response.WriteAsync(refusal?.GetType().Name ?? "written");
            }),
            """
            GET /sync  -> 200 'InvalidOperationException' cookie
            GET /get?a -> 200 '1'
            """
        );

    [Theory]
    [BothServers("write", true)]
    [BothServers("writer", true)]
    [BothServers("writer-unflushed", true)]
    [BothServers("length", true)]
    [BothServers("sync", true)]
    [BothServers("write", false)]
    [BothServers("writer", false)]
    [BothServers("writer-unflushed", false)]
    [BothServers("sync", false)]
    public Task Compressed_body_is_whole_however_it_is_written(HostKind server, string way, bool isInside)
    {
        var program = new DropInProgram
        {
            Services = services =>
                services.AddResponseCompression(options =>
                {
                    options.MimeTypes = ["text/plain"];
                    options.Providers.Add<GzipCompressionProvider>();
                }),
            Outside = app => _ = isInside ? app : app.UseResponseCompression(),
            Inside = app => _ = isInside ? app.UseResponseCompression() : app,
            Endpoints = Writing.Endpoints,
        };
        return SameAsync(
            server,
            program,
            $$"""
            GET /way?{{way}} {Accept-Encoding: gzip} [Content-Encoding] -> 200 'written' cookie Content-Encoding=[gzip]
            GET /way?{{way}} {Accept-Encoding: gzip} [Content-Encoding] -> 200 'written' Content-Encoding=[gzip]
            GET /get?way                                                -> 200 '{{way}}'
            """
        );
    }

    [Theory]
    [BothServers("write", true)]
    [BothServers("writer", true)]
    [BothServers("length", true)]
    [BothServers("write", false)]
    [BothServers("writer", false)]
    [BothServers("length", false)]
    public Task Body_that_a_cache_inside_keeps_is_whole(HostKind server, string way, bool isOutputCache)
    {
        var program = new DropInProgram
        {
            Services = services =>
                _ = isOutputCache
                    ? services.AddOutputCache(options => options.AddBasePolicy(policy => policy.Cache()))
                    : services.AddResponseCaching(),
            Inside = app => _ = isOutputCache ? app.UseOutputCache() : app.UseResponseCaching(),
            Endpoints = Writing.Endpoints,
        };
        return SameAsync(
            server,
            program,
            $$"""
            GET /way?{{way}} -> 200 'written' cookie
            GET /get?way     -> 200 '{{way}}'
            """
        );
    }

    [Theory, BothServers]
    public Task Body_that_a_middleware_inside_replaced_is_whole(HostKind server) =>
        SameAsync(
            server,
            new()
            {
                Endpoints = Writing.Endpoints,
                Inside = app =>
                    app.Use(
                        async (context, next) =>
                        {
                            var outer = context.Response.Body;
                            using var buffer = new MemoryStream();
                            context.Response.Body = buffer;
                            await next(context);
                            context.Response.Body = outer;
                            buffer.Position = 0;
                            await buffer.CopyToAsync(outer);
                        }
                    ),
            },
            """
            GET /way?write -> 200 'written' cookie
            GET /get?way   -> 200 'write'
            """
        );

    [Theory, BothServers]
    public Task Outer_middleware_writes_after_one_inside_that_replaced_the_body(HostKind server) =>
        SameAsync(
            server,
            new()
            {
                Endpoints = Writing.Endpoints,
                Outside = app =>
                    app.Use(
                        async (context, next) =>
                        {
                            await next(context);
                            context.Response.BodyWriter.Write(" by us"u8); // Flushed by nobody but the server.
                        }
                    ),
                Inside = app =>
                    app.Use(
                        async (context, next) =>
                        {
                            var outer = context.Response.Body;
                            using var buffer = new MemoryStream();
                            context.Response.Body = buffer;
                            await next(context);
                            context.Response.Body = outer;
                            buffer.Position = 0;
                            await buffer.CopyToAsync(outer);
                            context.Response.BodyWriter.Write(" and sent"u8);
                        }
                    ),
            },
            """
            GET /way?write -> 200 'written and sent by us' cookie
            GET /way?write -> 200 'written and sent by us'
            """
        );

    [Theory, BothServers]
    public Task Response_that_is_cleared_after_the_change_still_brings_the_cookie(HostKind server) =>
        SameAsync(
            server,
            DropInProgram.With("/cleared", context =>
            {
                context.Session.SetString("a", "1");
                context.Response.Headers["X-Gone"] = "1";
                context.Response.Clear();
                return context.Response.WriteAsync("again");
            }),
            """
            GET /cleared [X-Gone] -> 200 'again' cookie X-Gone=[]
            GET /get?a            -> 200 '1'
            """
        );

    private static DropInProgram Writing => DropInProgram.With("/way", async context =>
        {
            var way = context.Request.QueryString.Value![1..];
            var earlyBody = way == "early-body" ? context.Response.Body : null;
            var earlyWriter = way == "early-writer" ? context.Response.BodyWriter : null;
            context.Session.SetString("way", way);
            context.Response.ContentType = "text/plain";
            var control = context.Features.Get<IHttpBodyControlFeature>()!;
            control.AllowSynchronousIO = way.StartsWith("sync", StringComparison.Ordinal);
            var bytes = Encoding.UTF8.GetBytes("written");
            switch (way)
            {
                case "write":
                    await context.Response.WriteAsync("written");
                    break;
                case "writer":
                    await context.Response.BodyWriter.WriteAsync(bytes);
                    break;
                case "writer-unflushed":
                    context.Response.BodyWriter.Write(bytes);
                    break;
                case "length":
                    context.Response.ContentLength = bytes.Length;
                    await context.Response.Body.WriteAsync(bytes);
                    break;
                case "completed":
                    await context.Response.WriteAsync("written");
                    await context.Response.CompleteAsync();
                    break;
                case "sync":
                    context.Response.Body.Write(bytes, 0, bytes.Length);
                    context.Response.Body.Flush();
                    break;
                case "sync-mixed":
                    context.Response.Body.Write(bytes, 0, 3);
                    await context.Response.Body.WriteAsync(bytes.AsMemory(3, 2));
                    context.Response.Body.Write(bytes, 5, 2);
                    break;
                case "file":
                    var file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
                    await File.WriteAllBytesAsync(file, bytes);
                    await context.Response.SendFileAsync(file);
                    File.Delete(file);
                    break;
                case "early-body":
                    await earlyBody!.WriteAsync(bytes);
                    break;
                case "early-writer":
                    await earlyWriter!.WriteAsync(bytes);
                    break;
                case "writer-as-stream":
                    await context.Response.BodyWriter.AsStream().WriteAsync(bytes);
                    break;
                case "many-pieces":
                    foreach (var piece in bytes)
                    {
                        await context.Response.Body.WriteAsync(new[] { piece });
                        await context.Response.Body.FlushAsync();
                    }

                    break;
                case "buffering-off":
                    context.Features.Get<IHttpResponseBodyFeature>()!.DisableBuffering();
                    await context.Response.WriteAsync("written");
                    break;
            }
        });
}
