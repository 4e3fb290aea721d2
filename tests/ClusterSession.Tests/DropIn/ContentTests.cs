using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace ClusterSession.Tests.DropIn;

/// <summary>What an application sets and reads.</summary>
public sealed class ContentTests : DropInCases
{
    [Theory, BothServers]
    public Task Reading_an_empty_session_creates_no_cookie(HostKind server) =>
        SameAsync(
            server,
            new(),
            """
            GET /get?a     -> 200 '-'
            GET /keys      -> 200 ''
            GET /available -> 200 'True'
            GET /untouched -> 200 'untouched'
            """
        );

    [Theory, BothServers]
    public Task Setting_a_value_creates_the_cookie_and_once(HostKind server) =>
        SameAsync(
            server,
            new(),
            """
            GET /set?a=1 [Set-Cookie] -> 200 'set' cookie Set-Cookie=[session; httponly; path=/; samesite=lax]
            GET /set?a=2              -> 200 'set'
            GET /get?a                -> 200 '2'
            """
        );

    [Theory, BothServers]
    public Task Session_can_be_used_on_the_next_requests(HostKind server) =>
        SameAsync(
            server,
            Counting(),
            """
            GET /count -> 200 '0' cookie
            GET /count -> 200 '1'
            GET /count -> 200 '2'
            GET /count -> 200 '3'
            """
        );

    [Theory, BothServers]
    public Task Removed_item_is_not_there_again(HostKind server) =>
        SameAsync(
            server,
            new(),
            """
            GET /set?a=1&b=2 -> 200 'set' cookie
            GET /remove?a    -> 200 'removed'
            GET /get?a&b     -> 200 '-,2'
            GET /keys        -> 200 'b'
            """
        );

    [Theory, BothServers]
    public Task Last_item_that_is_removed_leaves_the_session_and_its_cookie(HostKind server) =>
        SameAsync(
            server,
            new(),
            """
            GET /set?a=1  -> 200 'set' cookie
            GET /remove?a -> 200 'removed'
            GET /keys     -> 200 ''
            GET /set?b=2  -> 200 'set'
            GET /keys     -> 200 'b'
            """
        );

    [Theory, BothServers]
    public Task Cleared_items_are_not_there_again(HostKind server) =>
        SameAsync(
            server,
            new(),
            """
            GET /set?a=1&b=2 -> 200 'set' cookie
            GET /clear       -> 200 'cleared'
            GET /get?a&b     -> 200 '-,-'
            GET /keys        -> 200 ''
            """
        );

    [Theory, BothServers]
    public Task Removing_what_is_not_there_and_clearing_what_is_empty_create_no_cookie(HostKind server) =>
        SameAsync(
            server,
            new(),
            """
            GET /remove?a -> 200 'removed'
            GET /clear    -> 200 'cleared'
            GET /set?a=1  -> 200 'set' cookie
            GET /remove?b -> 200 'removed'
            GET /keys     -> 200 'a'
            """
        );

    [Theory, BothServers]
    public Task Keys_are_case_sensitive(HostKind server) =>
        SameAsync(
            server,
            new(),
            """
            GET /set?KEY=VALUE&other=1 -> 200 'set' cookie
            GET /set?key=value         -> 200 'set'
            GET /get?KEY               -> 200 'VALUE'
            GET /get?key               -> 200 'value'
            """
        );

    [Theory, BothServers]
    public Task Set_and_Remove_in_one_request_establish_the_session(HostKind server) =>
        SameAsync(
            server,
            DropInProgram.With("/establish", context =>
            {
                context.Session.SetString("a", "1");
                context.Session.Remove("a");
                return string.Join(',', context.Session.Keys);
            }),
            """
            GET /establish -> 200 '' cookie
            GET /keys      -> 200 ''
            GET /set?b=2   -> 200 'set'
            GET /keys      -> 200 'b'
            """
        );

    [Theory, BothServers]
    public Task Set_and_Clear_in_one_request_establish_the_session(HostKind server) =>
        SameAsync(
            server,
            DropInProgram.With("/establish", context =>
            {
                context.Session.SetString("a", "1");
                context.Session.Clear();
                return string.Join(',', context.Session.Keys);
            }),
            """
            GET /establish -> 200 '' cookie
            GET /set?b=2   -> 200 'set'
            GET /keys      -> 200 'b'
            """
        );

    [Theory, BothServers]
    public Task Clear_and_Set_in_one_request_leave_what_was_set(HostKind server) =>
        SameAsync(
            server,
            DropInProgram.With("/replace", context =>
            {
                context.Session.Clear();
                context.Session.SetString("b", "2");
                return string.Join(',', context.Session.Keys);
            }),
            """
            GET /set?a=1&b=1 -> 200 'set' cookie
            GET /replace     -> 200 'b'
            GET /get?a&b     -> 200 '-,2'
            """
        );

    [Theory, BothServers]
    public Task Empty_name_and_empty_value_are_kept(HostKind server) =>
        SameAsync(
            server,
            new()
            {
                Endpoints = endpoints =>
                {
                    endpoints.Map("/fill", context =>
                    {
                        context.Session.Set("", [7]);
                        context.Session.Set("empty", []);
                        return context.Response.WriteAsync("filled");
                    });
                    endpoints.Map("/tell", context =>
                        context.Response.WriteAsync(
                            $"{context.Session.Get("")![0]} {context.Session.Get("empty")!.Length}"
                        )
                    );
                },
            },
            """
            GET /fill -> 200 'filled' cookie
            GET /tell -> 200 '7 0'
            """
        );

    [Theory, BothServers]
    public Task Array_that_the_application_changes_after_Set_is_kept_as_it_was(HostKind server) =>
        SameAsync(
            server,
            DropInProgram.With("/alias", context =>
            {
                byte[] value = [(byte)'1'];
                context.Session.Set("a", value);
                value[0] = (byte)'9';
                return context.Session.GetString("a");
            }),
            """
            GET /alias -> 200 '1' cookie
            GET /get?a -> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task Id_stays_the_same_from_before_the_first_change_on(HostKind server) =>
        SameAsync(
            server,
            DropInProgram.With("/id", context =>
            {
                var id = context.Session.Id;
                var before = context.Session.GetString("id");
                context.Session.SetString("id", id);
                return before is null ? $"{id.Length > 0}" : $"{before == id}";
            }),
            """
            GET /id    -> 200 'True' cookie
            GET /id    -> 200 'True'
            GET /clear -> 200 'cleared'
            GET /set?a=1 -> 200 'set'
            GET /id    -> 200 'True'
            GET /id    -> 200 'True'
            """
        );

    [Theory]
    [BothServers("set-null-value", "ArgumentNullException")]
    [BothServers("set-null-key", "ArgumentNullException")]
    [BothServers("get-null-key", "ArgumentNullException")]
    [BothServers("remove-null-key", "ArgumentNullException")]
    public Task What_is_no_key_or_no_value_is_refused_with_the_same_exception(
        HostKind server,
        string what,
        string exception
    ) =>
        SameAsync(
            server,
            DropInProgram.With("/refuse", context =>
            {
                var refusal = Record.Exception(() => Refused(context.Session, context.Request.Query["what"]!));
                return refusal?.GetType().Name;
            }),
            $"""
            GET /refuse?what={what} -> 200 '{exception}'
            GET /set?a=1            -> 200 'set' cookie
            GET /refuse?what={what} -> 200 '{exception}'
            GET /keys               -> 200 'a'
            """
        );

    [Theory, BothServers]
    public Task ReadOnly_endpoint_that_changes_nothing_in_the_end_is_served(HostKind server) =>
        SameAsync(
            server,
            new()
            {
                Endpoints = endpoints =>
                    endpoints
                        .Map("/look", context =>
                        {
                            context.Session.Remove("nothing");
                            if (context.Session.GetString("a") is { } value)
                            {
                                context.Session.SetString("a", value);
                            }

                            return context.Response.WriteAsync(context.Session.GetString("a") ?? "-");
                        })
                        .WithMetadata(new SessionAccessAttribute(SessionConcurrency.ReadOnly)),
            },
            """
            GET /look    -> 200 '-'
            GET /set?a=1 -> 200 'set' cookie
            GET /look    -> 200 '1'
            """
        );

    private static void Refused(ISession session, string what)
    {
        switch (what)
        {
            case "set-null-value":
                session.Set("key", null!);
                break;
            case "set-null-key":
                session.Set(null!, [1]);
                break;
            case "get-null-key":
                session.TryGetValue(null!, out _);
                break;
            case "remove-null-key":
                session.Remove(null!);
                break;
        }
    }

    private static DropInProgram Counting() => DropInProgram.With("/count", context =>
        {
            var count = context.Session.GetInt32("count") ?? 0;
            context.Session.SetInt32("count", count + 1);
            return count;
        });
}
