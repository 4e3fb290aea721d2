using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.DropIn;

/// <summary>
/// Exceptions, pipelines that run again, and what applications do to the session's feature.
/// </summary>
public sealed class PipelineTests : DropInCases
{
    [Theory, BothServers]
    public Task Request_that_throws_keeps_its_changes(HostKind server) =>
        SameAsync(
            server,
            Failing(),
            """
            GET /set?a=1  -> 200 'set' cookie
            GET /fail?b=2 -> 500 '' !ArithmeticException
            GET /get?a&b  -> 200 '1,2'
            """
        );

    [Theory, BothServers]
    public Task Request_that_is_canceled_keeps_its_changes(HostKind server) =>
        SameAsync(
            server,
            DropInProgram.With("/cancel", context =>
            {
                context.Session.SetString("b", "2");
                throw new OperationCanceledException();
            }),
            """
            GET /set?a=1 -> 200 'set' cookie
            GET /cancel  -> 500 '' !OperationCanceledException
            GET /get?a&b -> 200 '1,2'
            """
        );

    [Theory, BothServers]
    public Task Request_that_throws_in_a_new_session_sends_no_cookie(HostKind server) =>
        SameAsync(
            server,
            Failing(),
            """
            GET /fail?b=2 -> 500 '' !ArithmeticException
            GET /get?b    -> 200 '-'
            """
        );

    [Theory, BothServers]
    public Task Request_that_throws_after_its_headers_keeps_its_changes(HostKind server) =>
        SameAsync(
            server,
            Failing(),
            """
            GET /set?a=1       -> 200 'set' cookie
            GET /fail-late?b=2 -> 200 '(cut off)' !ArithmeticException
            GET /get?a&b       -> 200 '1,2'
            """
        );

    [Theory, BothServers]
    public Task Exception_that_is_handled_outside_keeps_the_changes_and_begins_the_session(HostKind server) =>
        SameAsync(
            server,
            Failing(Catching),
            """
            GET /fail?b=2 -> 418 'handled' cookie
            GET /get?b    -> 200 '2'
            GET /fail?c=3 -> 418 'handled'
            GET /get?b&c  -> 200 '2,3'
            """
        );

    [Theory]
    [BothServers("error")]
    [BothServers("error-empty")]
    public Task Exception_handler_outside_keeps_the_changes_of_both_runs(HostKind server, string page) =>
        SameAsync(
            server,
            Failing(app => app.UseExceptionHandler("/" + page)),
            $"""
            GET /set?a=1  -> 200 'set' cookie
            GET /fail?b=2 -> 500 '{(page == "error" ? "sorry" : "")}'
            GET /keys     -> 200 'a,b,error'
            """
        );

    [Theory, BothServers]
    public Task Exception_handler_outside_keeps_what_the_first_run_changed_in_a_new_session(HostKind server) =>
        SameAsync(
            server,
            Failing(app => app.UseExceptionHandler("/error-plain")),
            """
            GET /fail?b=2 -> 500 'plain' cookie
            GET /keys     -> 200 'b'
            """
        );

    [Theory, BothServers]
    public Task Exception_handler_outside_keeps_what_the_error_page_changed_in_a_new_session(HostKind server) =>
        SameAsync(
            server,
            Failing(app => app.UseExceptionHandler("/error")),
            """
            GET /fail -> 500 'sorry' cookie
            GET /keys -> 200 'error'
            """
        );

    [Theory, BothServers]
    public Task Exception_handler_outside_lets_the_error_page_see_the_first_run(HostKind server) =>
        SameAsync(
            server,
            Failing(app => app.UseExceptionHandler("/error-keys")),
            """
            GET /set?a=1  -> 200 'set' cookie
            GET /fail?b=2 -> 500 'a,b'
            GET /keys     -> 200 'a,b'
            """
        );

    [Theory, BothServers]
    public Task Exception_handler_inside_keeps_the_changes_of_both_runs(HostKind server) =>
        SameAsync(
            server,
            Failing(inside: app => app.UseExceptionHandler("/error")),
            """
            GET /fail?b=2 -> 500 'sorry' cookie
            GET /keys     -> 200 'b,error'
            """
        );

    [Theory]
    [BothServers("error")]
    [BothServers("error-empty")]
    public Task Status_code_pages_outside_keep_the_changes_of_both_runs(HostKind server, string page) =>
        SameAsync(
            server,
            Failing(app => app.UseStatusCodePagesWithReExecute("/" + page)),
            $"""
            GET /set?a=1     -> 200 'set' cookie
            GET /missing?b=2 -> 404 '{(page == "error" ? "sorry" : "")}'
            GET /keys        -> 200 'a,b,error'
            """
        );

    [Theory, BothServers]
    public Task Status_code_pages_outside_keep_what_the_first_run_changed_in_a_new_session(HostKind server) =>
        SameAsync(
            server,
            Failing(app => app.UseStatusCodePagesWithReExecute("/error-plain")),
            """
            GET /missing?b=2 -> 404 'plain' cookie
            GET /keys        -> 200 'b'
            """
        );

    [Theory, BothServers]
    public Task Status_code_pages_outside_keep_what_the_error_page_changed_in_a_new_session(HostKind server) =>
        SameAsync(
            server,
            Failing(app => app.UseStatusCodePagesWithReExecute("/error")),
            """
            GET /nowhere -> 404 'sorry' cookie
            GET /keys    -> 200 'error'
            """
        );

    [Theory, BothServers]
    public Task Aborted_request_keeps_its_changes(HostKind server) =>
        SameAsync(
            server,
            DropInProgram.With("/aborted", context =>
            {
                context.Session.SetString("a", "1");
                context.RequestAborted = new CancellationToken(canceled: true);
                return Task.CompletedTask;
            }),
            """
            GET /aborted -> 200 '' cookie
            GET /get?a   -> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task Session_of_the_application_takes_the_place_of_the_requests(HostKind server) =>
        SameAsync(
            server,
            new()
            {
                Services = services => services.AddSingleton<OwnSession>(),
                Endpoints = endpoints =>
                {
                    endpoints.Map("/own", context =>
                    {
                        var own = context.RequestServices.GetRequiredService<OwnSession>();
                        context.Session = own;
                        context.Session.SetString("b", "2");
                        var feature = context.Features.Get<ISessionFeature>()!;
                        return context.Response.WriteAsync(
                            $"{ReferenceEquals(context.Session, own)} {ReferenceEquals(feature.Session, own)}"
                        );
                    });
                    endpoints.Map("/committed", context =>
                        context.Response.WriteAsync(context.RequestServices.GetRequiredService<OwnSession>().Committed)
                    );
                },
            },
            """
            GET /set?a=1   -> 200 'set' cookie
            GET /own       -> 200 'True True'
            GET /committed -> 200 'b'
            GET /keys      -> 200 'a'
            """
        );

    [Theory, BothServers]
    public Task Session_that_is_wrapped_by_the_application_commits_through_the_wrapper(HostKind server) =>
        SameAsync(
            server,
            new()
            {
                Inside = app =>
                    app.Use(
                        (context, next) =>
                        {
                            context.Features.Set<ISessionFeature>(
                                new OwnFeature { Session = new PrefixedSession(context.Session) }
                            );
                            return next(context);
                        }
                    ),
                Outside = app =>
                    app.Use(
                        (context, next) =>
                        {
                            context.Response.OnStarting(() =>
                            {
                                context.Response.Headers["X-Wrapped"] = "1";
                                return Task.CompletedTask;
                            });
                            return next(context);
                        }
                    ),
            },
            """
            GET /set?a=1 [X-Wrapped] -> 200 'set' cookie X-Wrapped=[1]
            GET /get?a               -> 200 '1'
            GET /keys                -> 200 'my-a'
            """
        );

    [Theory, BothServers]
    public Task Program_without_the_middleware_has_no_session(HostKind server) =>
        SameAsync(
            server,
            new() { IsWithoutSessions = true },
            """
            GET /get?a     -> 500 '' !InvalidOperationException
            GET /set?a=1   -> 500 '' !InvalidOperationException
            GET /untouched -> 200 'untouched'
            """
        );

    [Theory, BothServers]
    public Task Branch_without_the_middleware_has_no_session(HostKind server) =>
        SameAsync(
            server,
            new()
            {
                Outside = app =>
                    app.Map("/bare", branch =>
                        branch.Run(context =>
                            context.Response.WriteAsync($"{context.Features.Get<ISessionFeature>() is null}")
                        )
                    ),
            },
            """
            GET /bare    -> 200 'True'
            GET /set?a=1 -> 200 'set' cookie
            GET /bare    -> 200 'True'
            """
        );

    [Theory, BothServers]
    public Task Sessions_of_a_branch_alone_are_for_that_branch(HostKind server) =>
        SameAsync(
            server,
            new() { Branch = "/shop" },
            """
            GET /shop?a=1  -> 200 '-' cookie
            GET /shop?a=2  -> 200 '1'
            GET /get?a     -> 500 '' !InvalidOperationException
            GET /untouched -> 200 'untouched'
            """
        );

    [Theory, BothServers]
    public Task CommitAsync_in_the_endpoint_keeps_what_is_set_before_and_after(HostKind server) =>
        SameAsync(
            server,
            new() { Endpoints = endpoints => endpoints.Map("/commit", async context =>
                    {
                        await context.Session.LoadAsync();
                        context.Session.SetString("before", "1");
                        await context.Session.CommitAsync();
                        context.Session.SetString("after", "2");
                        await context.Session.CommitAsync();
                        await context.Session.CommitAsync();
                        await context.Response.WriteAsync("committed");
                    }) },
            """
            GET /commit -> 200 'committed' cookie
            GET /keys   -> 200 'after,before'
            """
        );

    [Theory, BothServers]
    public Task CommitAsync_that_is_canceled_throws_and_the_request_commits_all_the_same(HostKind server) =>
        SameAsync(
            server,
            new() { Endpoints = endpoints => endpoints.Map("/commit", async context =>
                    {
                        context.Session.SetString("a", "1");
                        var canceled = new CancellationToken(canceled: true);
                        var failure = await Record.ExceptionAsync(() => context.Session.CommitAsync(canceled));
                        await context.Response.WriteAsync(failure is null ? "none" : DropInClient.NameOf(failure));
                    }) },
            """
            GET /commit -> 200 'OperationCanceledException' cookie
            GET /get?a  -> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task LoadAsync_that_is_canceled_throws(HostKind server) =>
        SameAsync(
            server,
            new() { Endpoints = endpoints => endpoints.Map("/load", async context =>
                    {
                        var canceled = new CancellationToken(canceled: true);
                        var failure = await Record.ExceptionAsync(() => context.Session.LoadAsync(canceled));
                        await context.Response.WriteAsync(failure is null ? "none" : DropInClient.NameOf(failure));
                    }) },
            """
            GET /load -> 200 'OperationCanceledException'
            GET /set?a=1 -> 200 'set' cookie
            GET /load -> 200 'OperationCanceledException'
            GET /get?a -> 200 '1'
            """
        );

    internal static DropInProgram Failing(
        Action<WebApplication>? outside = null,
        Action<WebApplication>? inside = null
    ) =>
        new()
        {
            Outside = outside,
            Inside = inside,
            Endpoints = endpoints =>
            {
                endpoints.Map("/fail", context =>
                {
                    SetAll(context);
                    throw new ArithmeticException();
                });
                endpoints.Map("/fail-late", async context =>
                {
                    SetAll(context);
                    await context.Response.WriteAsync("late");
                    await context.Response.Body.FlushAsync();
                    throw new ArithmeticException();
                });
                endpoints.Map("/missing", context =>
                {
                    SetAll(context);
                    context.Response.StatusCode = 404;
                    return Task.CompletedTask;
                });
                endpoints.Map("/error", context =>
                {
                    context.Session.SetString("error", "1");
                    return context.Response.WriteAsync("sorry");
                });
                endpoints.Map("/error-empty", context =>
                {
                    context.Session.SetString("error", "1");
                    return Task.CompletedTask;
                });
                endpoints.Map("/error-plain", context => context.Response.WriteAsync("plain"));
                endpoints.Map("/error-keys", context =>
                    context.Response.WriteAsync(string.Join(',', context.Session.Keys.Order()))
                );
            },
        };

    private static void Catching(WebApplication app) =>
        app.Use(
            async (context, next) =>
            {
                try
                {
                    await next(context);
                }
                catch (ArithmeticException)
                {
                    context.Response.StatusCode = 418;
                    await context.Response.WriteAsync("handled");
                }
            }
        );

    private static void SetAll(HttpContext context)
    {
        foreach (var (name, value) in context.Request.Query)
        {
            context.Session.SetString(name, value!);
        }
    }

    private sealed class OwnFeature : ISessionFeature
    {
        public required ISession Session { get; set; }
    }
}
