using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.Tests.DropIn;

/// <summary>
/// What differs while the store is away: <c>AddSession</c> serves an empty session and drops
/// changes, and says so in the log alone.
/// </summary>
public sealed class StoreDifferenceTests : DropInCases
{
    [Theory, BothServers]
    public Task Touches_that_fail_are_not_the_clients_business(HostKind server) =>
        SameAsync(
            server,
            new(),
            """
            GET /set?a=1        -> 200 'set' cookie
            store fails touches
            GET /untouched      -> 200 'untouched'
            GET /get?a          -> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task ServeEmpty_is_what_AddSession_does_while_the_store_does_not_answer(HostKind server) =>
        SameAsync(
            server,
            ServingEmpty,
            """
            GET /set?a=1      -> 200 'set' cookie
            store fails reads
            GET /get?a        -> 200 '-'
            GET /keys         -> 200 ''
            GET /available    -> 200 'False'
            GET /set?a=2      -> 200 'set'
            GET /remove?a     -> 200 'removed'
            GET /clear        -> 200 'cleared'
            GET /untouched    -> 200 'untouched'
            store answers
            after 00:00:01
            GET /get?a        -> 200 '1'
            GET /available    -> 200 'True'
            """
        );

    [Theory, BothServers]
    public Task Difference_request_whose_session_cannot_be_read_is_503_and_not_an_empty_session(HostKind server) =>
        DiffersAsync(
            server,
            WithoutCopies,
            """
            GET /set?a=1               -> 200 'set' cookie
            store fails reads
            GET /get?a [Retry-After]   -> 200 '-' Retry-After=[] <> 503 '' Retry-After=[2]
            GET /set?a=2               -> 200 'set' <> 503 ''
            GET /untouched             -> 200 'untouched' <> 503 ''
            store answers
            after 00:00:01
            GET /get?a                 -> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task Difference_session_that_this_node_has_a_copy_of_is_served_while_the_store_is_away(HostKind server) =>
        DiffersAsync(
            server,
            new(),
            """
            GET /set?a=1      -> 200 'set' cookie
            store fails reads
            GET /get?a        -> 200 '-' <> 200 '1'
            GET /available    -> 200 'False' <> 200 'True'
            """
        );

    [Theory, BothServers]
    public Task Difference_new_session_reads_nothing_and_is_available_while_reads_fail(HostKind server) =>
        DiffersAsync(
            server,
            new(),
            """
            store fails reads
            GET /available -> 200 'False' <> 200 'True'
            GET /set?a=1   -> 200 'set' <> 200 'set' cookie
            """
        );

    [Theory, BothServers]
    public Task Difference_new_session_that_cannot_be_written_is_503_and_not_a_cookie_without_a_session(
        HostKind server
    ) =>
        DiffersAsync(
            server,
            new(),
            """
            store fails writes
            GET /set?a=1 [Session-Commit] -> 200 'set' cookie Session-Commit=[] <> 503 '' Session-Commit=[not-committed]
            store answers
            after 00:00:01
            GET /get?a                    -> 200 '-'
            """
        );

    [Theory, BothServers]
    public Task Difference_change_that_cannot_be_written_is_503_and_not_lost_in_silence(HostKind server) =>
        DiffersAsync(
            server,
            NotJournalled,
            """
            GET /set?a=1                  -> 200 'set' cookie
            store fails writes
            GET /set?a=2 [Session-Commit] -> 200 'set' Session-Commit=[] <> 503 '' Session-Commit=[not-committed]
            store answers
            after 00:00:01
            GET /get?a                    -> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task Difference_change_that_cannot_be_written_is_journalled_where_this_node_has_a_copy(HostKind server) =>
        DiffersAsync(
            server,
            new(),
            """
            GET /set?a=1       -> 200 'set' cookie
            store fails writes
            GET /set?a=2       -> 200 'set'
            GET /get?a         -> 200 '1' <> 200 '2'
            """
        );

    [Theory, BothServers]
    public Task Difference_request_waits_for_the_store_before_its_endpoint_and_LoadAsync_never_fails(HostKind server) =>
        DiffersAsync(
            server,
            Loading,
            """
            GET /set?a=1      -> 200 'set' cookie
            GET /load         -> 200 'none'
            store fails reads
            GET /load         -> 200 'IOException' <> 503 ''
            """
        );

    [Theory, BothServers]
    public Task Difference_store_that_hangs_is_a_503_and_not_a_cancellation_of_LoadAsync(HostKind server) =>
        DiffersAsync(
            server,
            Loading,
            """
            GET /set?a=1 -> 200 'set' cookie
            store hangs
            GET /load    -> 200 'OperationCanceledException' <> 503 ''
            """
        );

    [Theory, BothServers]
    public Task Difference_commit_that_hangs_is_a_503_of_unknown_outcome_and_not_lost_in_silence(HostKind server) =>
        DiffersAsync(
            server,
            new() { StoreTimeout = TimeSpan.FromMilliseconds(100) },
            """
            store hangs
            GET /set?a=1 [Session-Commit] -> 200 'set' cookie Session-Commit=[] <> 503 '' Session-Commit=[unknown]
            """
        );

    [Theory, BothServers]
    public Task Difference_CommitAsync_throws_an_exception_of_ours_and_not_that_of_the_store(HostKind server) =>
        DiffersAsync(
            server,
            Committing,
            """
            store fails writes
            GET /commit -> 200 'IOException' cookie <> 200 'SessionUnavailableException'
            """
        );

    [Theory, BothServers]
    public Task Difference_session_of_an_outage_has_an_id_and_not_an_empty_one(HostKind server) =>
        DiffersAsync(
            server,
            ServingEmpty,
            """
            GET /set?a=1      -> 200 'set' cookie
            GET /has-id       -> 200 'True'
            store fails reads
            GET /has-id       -> 200 'False' <> 200 'True'
            """
        );

    [Theory, BothServers]
    public async Task Difference_outage_is_not_an_error_in_the_log_for_each_request(HostKind server)
    {
        Assert.InRange(await ErrorsAsync(SessionKind.AddSession, server), 10, 20);

        // The store is not responding, and the first request that could not do without it.
        Assert.InRange(await ErrorsAsync(SessionKind.AddClusterSession, server), 1, 2);
    }

    /// <summary>
    /// How many errors ten requests are in the log while the store does not answer.
    /// </summary>
    private static async Task<int> ErrorsAsync(SessionKind kind, HostKind server)
    {
        await using var run = await StartAsync(kind, server, WithoutCopies);
        var client = run.Client();
        Assert.Equal("200 'set' cookie", await client.GetAsync("/set?a=1"));
        run.Faults.Set("fails reads writes touches");
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(kind == SessionKind.AddSession ? "200 '-'" : "503 ''", await client.GetAsync("/get?a"));
        }

        return run.Logs.All.Count(log => log.Level >= LogLevel.Error);
    }

    private static DropInProgram ServingEmpty =>
        new()
        {
            Ours = options =>
            {
                KeepNothing(options);
                options.OnStoreUnavailable = SessionOutagePolicy.ServeEmpty;
            },
            Endpoints = endpoints =>
                endpoints.Map("/has-id", context => context.Response.WriteAsync($"{context.Session.Id.Length > 0}")),
        };

    private static DropInProgram WithoutCopies => new() { Ours = KeepNothing };

    private static DropInProgram NotJournalled => new() { Ours = options => options.Outage.JournalSessions = 0 };

    private static DropInProgram Loading =>
        new()
        {
            StoreTimeout = TimeSpan.FromMilliseconds(100),
            Ours = KeepNothing,
            Endpoints = endpoints => endpoints.Map("/load", async context =>
                {
                    var failure = await Record.ExceptionAsync(() => context.Session.LoadAsync());
                    await context.Response.WriteAsync(failure is null ? "none" : DropInClient.NameOf(failure));
                }),
        };

    private static DropInProgram Committing =>
        new() { Endpoints = endpoints => endpoints.Map("/commit", async context =>
                {
                    context.Session.SetString("a", "1");
                    var failure = await Record.ExceptionAsync(() => context.Session.CommitAsync());
                    await context.Response.WriteAsync(failure is null ? "none" : DropInClient.NameOf(failure));
                }) };

    /// <summary>This node serves nothing by itself, as one that the session is new to.</summary>
    private static void KeepNothing(ClusterSessionOptions options)
    {
        options.LocalCopies.MaxCount = 0;
        options.Outage.ReplayWindow = TimeSpan.Zero;
        options.Outage.ReplayBytes = 0;
        options.Outage.JournalSessions = 0;
    }
}
