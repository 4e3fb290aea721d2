using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace ClusterSession.Tests.DropIn;

/// <summary>
/// Changes that are made when the headers are about to leave, and after they have left.
/// </summary>
public sealed class OnStartingTests : DropInCases
{
    [Theory, BothServers]
    public Task Callback_inside_changes_a_new_session_of_an_answer_with_a_body(HostKind server) =>
        SameAsync(
            server,
            Inside,
            """
            GET /untouched?late=1 -> 200 'untouched' cookie
            GET /get?late         -> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task Callback_inside_changes_a_session_that_is_there(HostKind server) =>
        SameAsync(
            server,
            Inside,
            """
            GET /set?a=1          -> 200 'set' cookie
            GET /untouched?late=2 -> 200 'untouched'
            GET /set?late=3&b=1   -> 200 'set'
            GET /keys             -> 200 'a,b,late'
            GET /get?late         -> 200 '3'
            """
        );

    [Theory, BothServers]
    public Task Callback_outside_changes_a_session_that_is_there_of_an_answer_with_a_body(HostKind server) =>
        SameAsync(
            server,
            Outside,
            """
            GET /set?a=1          -> 200 'set' cookie
            GET /untouched?late=2 -> 200 'untouched'
            GET /keys             -> 200 'a,late'
            """
        );

    [Theory, BothServers]
    public Task Change_after_StartAsync_is_kept_where_the_session_is_there(HostKind server) =>
        SameAsync(
            server,
            Started,
            """
            GET /set?a=1     -> 200 'set' cookie
            GET /started?b=2 -> 200 'kept'
            GET /keys        -> 200 'a,b'
            """
        );

    [Theory, BothServers]
    public Task Change_after_StartAsync_is_kept_where_the_session_was_begun_before(HostKind server) =>
        SameAsync(
            server,
            new() { Endpoints = endpoints => endpoints.Map("/streamed", async context =>
                    {
                        context.Session.SetString("first", "1");
                        await context.Response.StartAsync();
                        context.Session.SetString("second", "2");
                        await context.Response.WriteAsync("streamed");
                        context.Session.SetString("third", "3");
                        context.Session.Remove("first");
                    }) },
            """
            GET /streamed -> 200 'streamed' cookie
            GET /keys     -> 200 'second,third'
            """
        );

    [Theory, BothServers]
    public Task Change_after_StartAsync_is_kept_where_Set_and_Remove_established_the_session(HostKind server) =>
        SameAsync(
            server,
            new() { Endpoints = endpoints => endpoints.Map("/streamed", async context =>
                    {
                        context.Session.SetString("establish", "1");
                        context.Session.Remove("establish");
                        await context.Response.WriteAsync("streamed");
                        await context.Response.Body.FlushAsync();
                        context.Session.SetString("late", "2");
                    }) },
            """
            GET /streamed -> 200 'streamed' cookie
            GET /keys     -> 200 'late'
            """
        );

    [Theory, BothServers]
    public Task Session_cannot_begin_after_StartAsync(HostKind server) =>
        SameAsync(
            server,
            Started,
            """
            GET /started?b=2 -> 200 'InvalidOperationException'
            GET /keys        -> 200 ''
            """
        );

    [Theory, BothServers]
    public Task Removing_nothing_after_StartAsync_is_no_change(HostKind server) =>
        SameAsync(
            server,
            new() { Endpoints = endpoints => endpoints.Map("/started", async context =>
                    {
                        await context.Response.StartAsync();
                        var refusal = Record.Exception(() =>
                        {
                            context.Session.Remove("nothing");
                            context.Session.Clear();
                        });
                        await context.Response.WriteAsync(refusal?.GetType().Name ?? "nothing");
                    }) },
            """
            GET /started -> 200 'nothing'
            GET /set?a=1 -> 200 'set' cookie
            """
        );

    private static DropInProgram Started => new() { Endpoints = endpoints => endpoints.Map("/started", async context =>
                {
                    await context.Response.StartAsync();
                    var refusal = Record.Exception(() => context.Session.SetString("b", "2"));
                    await context.Response.WriteAsync(refusal?.GetType().Name ?? "kept");
                }) };

    internal static DropInProgram Inside => new() { Inside = Late, Endpoints = MapEmpty };

    internal static DropInProgram Outside => new() { Outside = Late, Endpoints = MapEmpty };

    private static void MapEmpty(IEndpointRouteBuilder endpoints) => endpoints.Map("/answer", context =>
        {
            context.Response.StatusCode = int.Parse(context.Request.Query["status"]!, CultureInfo.InvariantCulture);
            return Task.CompletedTask;
        });

    private static void Late(WebApplication app) =>
        app.Use(
            (context, next) =>
            {
                if (context.Request.Query["late"].ToString() is { Length: > 0 } late && context.Request.Path != "/get")
                {
                    context.Response.OnStarting(() =>
                    {
                        context.Session.SetString("late", late);
                        return Task.CompletedTask;
                    });
                }

                return next(context);
            }
        );
}
