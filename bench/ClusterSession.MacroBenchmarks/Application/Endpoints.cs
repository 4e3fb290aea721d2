using System.Buffers.Binary;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.MacroBenchmarks.Application;

/// <summary>
/// The requests that are compared; the same code over whatever session the pipeline provides. An
/// endpoint that does not find what it looks for answers 409, which the load generator counts as an
/// error: a variant that loses sessions must not look fast.
/// </summary>
/// <remarks>
/// Sessions are loaded by <c>LoadAsync</c> before they are read, as ASP.NET Core's documentation
/// asks for: without it its session on Redis blocks a thread a request, and would not be measured
/// but starved.
/// </remarks>
internal static class Endpoints
{
    private static readonly byte[] Body = "ok"u8.ToArray();
    private static long _written;

    public static void MapWithSession(WebApplication app)
    {
        Map(app, "/untouched", Answer);
        Map(app, "/read", ReadAsync);
        Map(app, "/write", WriteAsync);
        Map(app, "/counter", CountAsync);
        foreach (var profile in SessionProfile.All)
        {
            Map(app, $"/seed/{profile.Name}", context => SeedAsync(context, profile));
        }
    }

    /// <summary>The same requests without a session; the limit for everything else.</summary>
    public static void MapWithoutSession(WebApplication app)
    {
        foreach (var path in (string[])["/untouched", "/read", "/write", "/counter"])
        {
            Map(app, path, Answer);
        }
    }

    private static void Map(WebApplication app, string path, RequestDelegate answer) => app.MapGet(path, answer);

    private static async Task ReadAsync(HttpContext context)
    {
        var session = context.Session;
        await session.LoadAsync();
        await (
            session.TryGetValue(SessionProfile.Read, out var value) && value.Length > 0
                ? Answer(context)
                : Missing(context)
        );
    }

    private static async Task WriteAsync(HttpContext context)
    {
        var session = context.Session;
        await session.LoadAsync();
        var value = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(value, Interlocked.Increment(ref _written));
        session.Set(SessionProfile.Counter, value);
        await Answer(context);
    }

    private static async Task CountAsync(HttpContext context)
    {
        var session = context.Session;
        await session.LoadAsync();
        if (!session.TryGetValue(SessionProfile.Counter, out var count))
        {
            await Missing(context);
            return;
        }

        var value = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(value, BinaryPrimitives.ReadInt64BigEndian(count) + 1);
        session.Set(SessionProfile.Counter, value);
        await Answer(context);
    }

    private static async Task SeedAsync(HttpContext context, SessionProfile profile)
    {
        await context.Session.LoadAsync();
        foreach (var (name, value) in profile.NewValues())
        {
            context.Session.Set(name, value);
        }

        // AddSession answers before it stores; the first request of a new session must not be
        // faster than that.
        await context.Session.CommitAsync();
        await Answer(context);
    }

    private static Task Answer(HttpContext context)
    {
        context.Response.ContentLength = Body.Length;
        var writing = context.Response.BodyWriter.WriteAsync(Body);
        return writing.IsCompletedSuccessfully ? Task.CompletedTask : writing.AsTask();
    }

    private static Task Missing(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status409Conflict;
        return Answer(context);
    }
}
