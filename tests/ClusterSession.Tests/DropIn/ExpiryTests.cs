using Xunit;

namespace ClusterSession.Tests.DropIn;

/// <summary>How long a session lives.</summary>
public sealed class ExpiryTests : DropInCases
{
    private static readonly DropInProgram Idle = new() { IdleTimeout = TimeSpan.FromMinutes(20) };

    [Theory, BothServers]
    public Task Session_is_empty_after_its_idle_timeout(HostKind server) =>
        SameAsync(
            server,
            Idle,
            """
            GET /set?a=1   -> 200 'set' cookie
            after 00:23:00
            GET /get?a     -> 200 '-'
            GET /keys      -> 200 ''
            GET /available -> 200 'True'
            """
        );

    [Theory, BothServers]
    public Task Session_lives_until_its_idle_timeout(HostKind server) =>
        SameAsync(
            server,
            Idle,
            """
            GET /set?a=1   -> 200 'set' cookie
            after 00:19:50
            GET /get?a     -> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task Requests_that_do_not_touch_the_session_prolong_it(HostKind server) =>
        SameAsync(
            server,
            Idle,
            """
            GET /set?a=10  -> 200 'set' cookie
            after 00:10:00
            GET /untouched -> 200 'untouched'
            after 00:10:00
            GET /untouched -> 200 'untouched'
            after 00:10:00
            GET /untouched -> 200 'untouched'
            after 00:10:00
            GET /untouched -> 200 'untouched'
            after 00:10:00
            GET /untouched -> 200 'untouched'
            GET /get?a     -> 200 '10'
            """
        );

    [Theory, BothServers]
    public Task Reading_prolongs_the_session(HostKind server) =>
        SameAsync(
            server,
            Idle,
            """
            GET /set?a=1   -> 200 'set' cookie
            after 00:15:00
            GET /get?a     -> 200 '1'
            after 00:15:00
            GET /get?a     -> 200 '1'
            after 00:15:00
            GET /get?a     -> 200 '1'
            after 00:23:00
            GET /get?a     -> 200 '-'
            """
        );

    [Theory, BothServers]
    public Task Cookie_of_an_expired_session_is_not_taken_back_by_reading(HostKind server) =>
        SameAsync(
            server,
            Idle,
            """
            GET /set?a=1   -> 200 'set' cookie
            after 01:00:00
            GET /get?a     -> 200 '-'
            GET /untouched -> 200 'untouched'
            """
        );
}
