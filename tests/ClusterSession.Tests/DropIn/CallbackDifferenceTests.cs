using Microsoft.AspNetCore.Builder;
using Xunit;

namespace ClusterSession.Tests.DropIn;

/// <summary>
/// Changes that come too late for <c>AddSession</c>, or into a session that no cookie names, and
/// are kept by ours.
/// </summary>
public sealed class CallbackDifferenceTests : DropInCases
{
    [Theory]
    [BothServers("GET", 200)]
    [BothServers("GET", 204)]
    [BothServers("GET", 302)]
    [BothServers("GET", 304)]
    [BothServers("HEAD", 200)]
    public Task Difference_callback_inside_changes_the_session_of_an_answer_without_a_body(
        HostKind server,
        string verb,
        int status
    ) =>
        DiffersAsync(
            server,
            OnStartingTests.Inside,
            $"""
            {verb} /answer?status={status}&late=1 -> 500 '' <> {status} '' cookie
            GET /set?a=1                          -> 200 'set' cookie <> 200 'set'
            {verb} /answer?status={status}&late=2 -> 500 '' <> {status} ''
            GET /keys                             -> 200 'a' <> 200 'a,late'
            """
        );

    [Theory]
    [BothServers("GET", 200)]
    [BothServers("GET", 204)]
    [BothServers("GET", 302)]
    [BothServers("HEAD", 200)]
    public Task Difference_callback_outside_changes_the_session_of_an_answer_without_a_body(
        HostKind server,
        string verb,
        int status
    ) =>
        DiffersAsync(
            server,
            OnStartingTests.Outside,
            $"""
            {verb} /answer?status={status}&late=1 -> 500 '' <> {status} '' cookie
            GET /set?a=1                          -> 200 'set' cookie <> 200 'set'
            {verb} /answer?status={status}&late=2 -> 500 '' <> {status} ''
            GET /keys                             -> 200 'a' <> 200 'a,late'
            """
        );

    [Theory, BothServers]
    public Task Difference_callback_outside_begins_a_session_that_the_cookie_names(HostKind server) =>
        DiffersAsync(
            server,
            OnStartingTests.Outside,
            """
            GET /untouched?late=1 -> 200 'untouched' <> 200 'untouched' cookie
            GET /get?late         -> 200 '-' <> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task Difference_TempData_of_an_exception_filter_with_an_empty_body_is_kept_and_not_a_500(HostKind server) =>
        DiffersAsync(
            server,
            TempDataTests.Mvc(),
            """
            GET /temp/failwithoutcontent?value=Foo -> 500 '' <> 200 '' cookie
            GET /temp/get                          -> 204 '' <> 200 'Foo'
            GET /set?a=1                           -> 200 'set' cookie <> 200 'set'
            GET /temp/failwithoutcontent?value=Bar -> 500 '' <> 200 ''
            GET /temp/get                          -> 204 '' <> 200 'Bar'
            """
        );

    /// <summary>
    /// On Kestrel alone: it logs the exception of a callback and aborts the write. Whether
    /// middleware sees it on TestServer depends on when the body is flushed.
    /// </summary>
    [Fact]
    public Task Difference_ReadOnly_endpoint_that_uses_up_TempData_is_refused() =>
        DiffersAsync(
            HostKind.Kestrel,
            TempDataTests.Mvc(),
            """
            POST /temp/set?value=Foo -> 200 'set' cookie
            GET /temp/getreadonly    -> 200 'Foo' <> 500 '' !ObjectDisposedException
            GET /temp/get            -> 204 '' <> 200 'Foo'
            """
        );

    [Theory, BothServers]
    public Task Difference_new_session_of_a_request_that_throws_has_what_the_error_page_changed(HostKind server) =>
        DiffersAsync(
            server,
            PipelineTests.Failing(app => app.UseExceptionHandler("/error")),
            """
            GET /fail?b=2 [Set-Cookie]
                -> 500 'sorry' cookie Set-Cookie=[session; httponly; path=/; samesite=lax and session; httponly; path=/; samesite=lax]
                <> 500 'sorry' cookie Set-Cookie=[session; httponly; path=/; samesite=lax]
            GET /keys                  -> 200 'b' <> 200 'b,error'
            """
        );

    [Theory, BothServers]
    public Task Difference_new_session_of_a_missing_page_has_one_cookie_and_what_the_error_page_changed(
        HostKind server
    ) =>
        DiffersAsync(
            server,
            PipelineTests.Failing(app => app.UseStatusCodePagesWithReExecute("/error")),
            """
            GET /missing?b=2 [Set-Cookie]
                -> 404 'sorry' cookie Set-Cookie=[session; httponly; path=/; samesite=lax and session; httponly; path=/; samesite=lax]
                <> 404 'sorry' cookie Set-Cookie=[session; httponly; path=/; samesite=lax]
            GET /keys                     -> 200 'b' <> 200 'b,error'
            """
        );
}
