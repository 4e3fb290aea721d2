using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.DropIn;

/// <summary>TempData over the session, in MVC.</summary>
public sealed class TempDataTests : DropInCases
{
    [Theory, BothServers]
    public Task TempData_is_there_just_for_the_next_request(HostKind server) =>
        SameAsync(
            server,
            Mvc(),
            """
            POST /temp/set?value=Foo -> 200 'set' cookie
            GET /temp/get            -> 200 'Foo'
            GET /temp/get            -> 204 ''
            """
        );

    [Theory, BothServers]
    public Task TempData_is_there_in_the_request_that_sets_it(HostKind server) =>
        SameAsync(
            server,
            Mvc(),
            """
            POST /temp/show?value=Foo -> 200 'Foo'
            GET /temp/get             -> 204 ''
            """
        );

    [Theory, BothServers]
    public Task TempData_that_is_set_before_a_redirect_is_read_after_it(HostKind server) =>
        SameAsync(
            server,
            Mvc(),
            """
            POST /temp/setandredirect?value=Foo [Location] -> 302 '' cookie Location=[/temp/Get]
            GET /temp/get                                  -> 200 'Foo'
            GET /temp/get                                  -> 204 ''
            """
        );

    [Theory, BothServers]
    public Task TempData_that_is_read_before_a_redirect_is_kept(HostKind server) =>
        SameAsync(
            server,
            Mvc(),
            """
            POST /temp/set?value=Foo  -> 200 'set' cookie
            GET /temp/getandredirect  -> 302 ''
            GET /temp/get             -> 200 'Foo'
            GET /temp/get             -> 204 ''
            """
        );

    [Theory, BothServers]
    public Task Peek_and_Keep_keep_TempData(HostKind server) =>
        SameAsync(
            server,
            Mvc(),
            """
            POST /temp/set?value=Foo -> 200 'set' cookie
            GET /temp/peek           -> 200 'Foo'
            GET /temp/keep           -> 200 'Foo'
            GET /temp/get            -> 200 'Foo'
            GET /temp/peek           -> 204 ''
            """
        );

    [Theory, BothServers]
    public Task TempData_that_nobody_reads_survives(HostKind server) =>
        SameAsync(
            server,
            Mvc(),
            """
            POST /temp/set?value=Foo -> 200 'set' cookie
            GET /temp/unrelated      -> 200 'unrelated'
            GET /untouched           -> 200 'untouched'
            GET /set?a=1             -> 200 'set'
            GET /temp/get            -> 200 'Foo'
            """
        );

    [Theory, BothServers]
    public Task Valid_types_round_trip(HostKind server) =>
        SameAsync(
            server,
            Mvc(),
            """
            POST /temp/setmany?value=Foo&number=10&list=1&list=2&list=3&day=2010-10-10&guid=382c74c3-721d-4f34-80e5-57657b6cbc27
                -> 302 '' cookie
            GET /temp/getmany -> 200 'Foo 10 3 2010-10-10 382c74c3-721d-4f34-80e5-57657b6cbc27'
            """
        );

    [Theory, BothServers]
    public Task TempData_of_an_action_that_writes_the_response_is_kept(HostKind server) =>
        SameAsync(
            server,
            Mvc(),
            """
            GET /temp/setandwrite?value=Foo -> 200 'written' cookie
            GET /temp/get                   -> 200 'Foo'
            """
        );

    [Theory, BothServers]
    public Task TempData_that_the_action_result_sets_is_kept(HostKind server) =>
        SameAsync(
            server,
            Mvc(),
            """
            GET /temp/setinresult?value=Foo -> 200 '' cookie
            GET /temp/get                   -> 200 'Foo'
            GET /temp/get                   -> 204 ''
            """
        );

    [Theory]
    [BothServers("GET", 200)]
    [BothServers("GET", 204)]
    [BothServers("GET", 302)]
    [BothServers("GET", 304)]
    [BothServers("GET", 404)]
    [BothServers("HEAD", 200)]
    [BothServers("HEAD", 204)]
    public Task TempData_of_an_answer_without_a_body_is_kept(HostKind server, string verb, int status) =>
        SameAsync(
            server,
            Mvc(),
            $"""
            {verb} /temp/setandanswer?value=Foo&status={status} -> {status} '' cookie
            {verb} /temp/setandanswer?value=Bar&status={status} -> {status} ''
            GET /temp/get                                       -> 200 'Bar'
            GET /temp/get                                       -> 204 ''
            """
        );

    [Theory]
    [BothServers("GET", 200)]
    [BothServers("GET", 204)]
    [BothServers("GET", 302)]
    [BothServers("GET", 304)]
    [BothServers("HEAD", 200)]
    public Task TempData_that_an_answer_without_a_body_reads_is_gone(HostKind server, string verb, int status) =>
        SameAsync(
            server,
            Mvc(),
            $"""
            POST /temp/set?value=Foo                  -> 200 'set' cookie
            {verb} /temp/getandanswer?status={status} -> {status} ''
            GET /temp/get                             -> 204 ''
            """
        );

    [Theory, BothServers]
    public Task TempData_of_an_empty_result_and_of_HEAD_is_kept(HostKind server) =>
        SameAsync(
            server,
            Mvc(),
            """
            GET /temp/setandstay?value=Foo -> 200 '' cookie
            GET /temp/get                  -> 200 'Foo'
            HEAD /temp/set?value=Bar       -> 200 ''
            GET /temp/get                  -> 200 'Bar'
            """
        );

    [Theory, BothServers]
    public Task TempData_is_not_saved_on_an_unhandled_exception(HostKind server) =>
        SameAsync(
            server,
            Mvc(),
            """
            GET /set?a=1             -> 200 'set' cookie
            GET /temp/fail?value=Foo -> 500 '' !ArithmeticException
            GET /temp/get            -> 204 ''
            GET /get?a               -> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task TempData_of_an_exception_that_a_handler_outside_answers_is_not_saved(HostKind server) =>
        SameAsync(
            server,
            Mvc(outside: app => app.UseExceptionHandler("/untouched")),
            """
            GET /set?a=1             -> 200 'set' cookie
            GET /temp/fail?value=Foo -> 500 'untouched'
            GET /temp/get            -> 204 ''
            """
        );

    [Theory, BothServers]
    public Task TempData_of_an_error_page_is_kept_unless_the_exception_came_out_of_MVC(HostKind server) =>
        SameAsync(
            server,
            Mvc(outside: app => app.UseExceptionHandler("/temp/apologize")),
            """
            GET /set?a=1             -> 200 'set' cookie
            GET /temp/fail?value=Foo -> 500 'apology'
            GET /temp/get            -> 204 ''
            GET /fail                -> 500 'apology'
            GET /temp/get            -> 200 'Sorry'
            """
        );

    [Theory, BothServers]
    public Task TempData_of_a_handled_exception_is_as_before_the_move(HostKind server) =>
        SameAsync(
            server,
            Mvc(),
            """
            GET /set?a=1                    -> 200 'set' cookie
            GET /temp/failhandled?value=Foo -> 200 'handled'
            GET /temp/get                   -> 200 'Foo'
            """
        );

    [Theory, BothServers]
    public Task TempData_that_an_exception_filter_sets_is_kept_with_a_body(HostKind server) =>
        SameAsync(
            server,
            Mvc(),
            """
            GET /temp/failwithcontent?value=Foo -> 200 'content' cookie
            GET /temp/get                       -> 200 'Foo'
            GET /temp/failwithcontent?value=Bar -> 200 'content'
            GET /temp/get                       -> 200 'Bar'
            """
        );

    [Theory, BothServers]
    public Task ReadOnly_endpoint_looks_at_TempData(HostKind server) =>
        SameAsync(
            server,
            Mvc(),
            """
            GET /temp/getreadonly    -> 204 ''
            GET /temp/peekreadonly   -> 204 ''
            POST /temp/set?value=Foo -> 200 'set' cookie
            GET /temp/peekreadonly   -> 200 'Foo'
            GET /temp/peekreadonly   -> 200 'Foo'
            GET /temp/get            -> 200 'Foo'
            GET /temp/getreadonly    -> 204 ''
            """
        );

    [Theory, BothServers]
    public Task TempData_without_sessions_is_refused(HostKind server) =>
        SameAsync(
            server,
            Mvc(isWithoutSessions: true),
            """
            POST /temp/set?value=Foo -> 500 '' !InvalidOperationException
            GET /temp/get            -> 500 '' !InvalidOperationException
            GET /temp/unrelated      -> 200 'unrelated'
            """
        );

    internal static DropInProgram Mvc(Action<WebApplication>? outside = null, bool isWithoutSessions = false) =>
        new()
        {
            IsWithoutSessions = isWithoutSessions,
            Outside = outside,
            Services = services =>
                services
                    .AddControllersWithViews()
                    .AddSessionStateTempDataProvider()
                    .AddApplicationPart(typeof(TempDataController).Assembly),
            Endpoints = endpoints =>
            {
                endpoints.MapControllers();
                endpoints.Map("/fail", _ => throw new ArithmeticException());
            },
        };
}
