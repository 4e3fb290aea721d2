using System.Globalization;
using ClusterSession.TestKit.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.Tests.DropIn;

/// <summary>The deliberate differences, each with both behaviours.</summary>
public sealed class DifferenceTests : DropInCases
{
    [Theory, BothServers]
    public Task Difference_cookie_is_sent_again_with_each_commit_because_it_names_it(HostKind server) =>
        DiffersAsync(
            server,
            new(),
            """
            GET /set?a=1 [renewals]   -> 200 'set' cookie
            GET /set?a=2 [renewals]   -> 200 'set' <> 200 'set' cookie-renewed
            GET /get?a [renewals]     -> 200 '2'
            GET /untouched [renewals] -> 200 'untouched'
            """
        );

    [Theory, BothServers]
    public Task Difference_session_after_an_expired_one_has_a_new_id_and_cookie(HostKind server) =>
        DiffersAsync(
            server,
            new(),
            """
            GET /set?a=1   -> 200 'set' cookie
            after 01:00:00
            GET /set?b=2   -> 200 'set' <> 200 'set' cookie
            GET /keys      -> 200 'b'
            """
        );

    [Theory, BothServers]
    public Task Difference_answer_with_the_cookie_is_private_and_keeps_its_other_caching_headers(HostKind server) =>
        DiffersAsync(
            server,
            new()
            {
                Inside = app =>
                    app.Use(
                        (context, next) =>
                        {
                            context.Response.Headers.CacheControl = context.Request.Headers["X-Cache"];
                            return next(context);
                        }
                    ),
            },
            """
            GET /set?a=1 [Cache-Control, Pragma, Expires]
                -> 200 'set' cookie Cache-Control=[no-store, no-cache] Pragma=[no-cache] Expires=[-1]
                <> 200 'set' cookie Cache-Control=[private] Pragma=[] Expires=[]
            """
        );

    [Theory]
    [BothServers("public, max-age=600")]
    [BothServers("public, immutable, s-maxage=600")]
    public async Task Difference_cacheable_answer_with_the_cookie_becomes_private_and_not_uncacheable(
        HostKind server,
        string caching
    )
    {
        foreach (var isOutside in new[] { true, false })
        {
            var program = new DropInProgram
            {
                Outside = app => Cache(app, isOutside ? caching : null),
                Inside = app => Cache(app, isOutside ? null : caching),
            };
            var theirs = await CachingAsync(SessionKind.AddSession, server, program);
            // From outside it stays public, with the cookie.
            Assert.Equal(isOutside, theirs.Contains("public", StringComparison.Ordinal));
            Assert.Equal(!isOutside, theirs.Contains("no-store", StringComparison.Ordinal));
            var ours = await CachingAsync(SessionKind.AddClusterSession, server, program);
            Assert.Contains("private", ours, StringComparison.Ordinal);
            Assert.DoesNotContain("public", ours, StringComparison.Ordinal);
            Assert.DoesNotContain("no-store", ours, StringComparison.Ordinal);
            Assert.DoesNotContain("s-maxage", ours, StringComparison.Ordinal);
        }
    }

    [Theory, BothServers]
    public Task Difference_session_feature_stays_until_the_response_has_completed(HostKind server) =>
        DiffersAsync(
            server,
            new()
            {
                Outside = app =>
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
                            }

                            await context.Response.WriteAsync(
                                context.Features.Get<ISessionFeature>() is null ? "gone" : "there"
                            );
                        }
                    ),
                Endpoints = endpoints => endpoints.Map("/use", context =>
                    {
                        context.Session.SetString("a", "1");
                        return context.Request.Query.ContainsKey("fail")
                            ? throw new ArithmeticException()
                            : Task.CompletedTask;
                    }),
            },
            """
            GET /use      -> 200 'gone' cookie <> 200 'there' cookie
            GET /use?fail -> 418 'gone' <> 418 'there'
            """
        );

    [Theory]
    [InlineData(SessionKind.AddSession)]
    [InlineData(SessionKind.AddClusterSession)]
    public async Task Session_feature_is_gone_when_the_response_has_completed(SessionKind kind)
    {
        IFeatureCollection? seen = null;
        await using var run = await StartAsync(kind, HostKind.TestServer, DropInProgram.With("/use", context =>
            {
                seen = context.Features;
                context.Session.SetString("a", "1");
                return $"{seen.Get<ISessionFeature>() is not null}";
            }));
        Assert.Equal("200 'True' cookie", await run.Client().GetAsync("/use"));
        await Condition.HoldsAsync(() => seen!.Get<ISessionFeature>() is null);
    }

    [Theory, BothServers]
    public async Task Difference_sessions_that_begin_and_expire_are_no_log_lines(HostKind server)
    {
        var theirs = await LogsAsync(SessionKind.AddSession, server);
        var ours = await LogsAsync(SessionKind.AddClusterSession, server);
        Assert.Equal(["AccessingExpiredSession", "SessionStarted"], theirs);
        Assert.Empty(ours);
    }

    [Theory, BothServers]
    public Task Difference_value_above_MaxAttributeBytes_is_refused(HostKind server) =>
        DiffersAsync(
            server,
            DropInProgram.With("/large", context =>
            {
                var refusal = Record.Exception(() => context.Session.Set("large", new byte[1024 * 1024 + 1]));
                return refusal?.GetType().Name;
            }),
            """
            GET /large -> 200 '-' cookie <> 200 'ArgumentException'
            GET /keys  -> 200 'large' <> 200 ''
            """
        );

    [Theory, BothServers]
    public Task Difference_more_attributes_than_MaxAttributes_are_refused(HostKind server) =>
        DiffersAsync(
            server,
            new()
            {
                Ours = options => options.MaxAttributes = 2,
                Endpoints = endpoints => endpoints.Map("/third", context =>
                    {
                        var refusal = Record.Exception(() => context.Session.SetString("c", "3"));
                        return context.Response.WriteAsync(refusal?.GetType().Name ?? "-");
                    }),
            },
            """
            GET /set?a=1&b=2 -> 200 'set' cookie
            GET /third       -> 200 '-' <> 200 'InvalidOperationException'
            GET /keys        -> 200 'a,b,c' <> 200 'a,b'
            """
        );

    [Theory, BothServers]
    public Task Difference_name_above_MaxAttributeNameBytes_is_refused(HostKind server) =>
        DiffersAsync(
            server,
            DropInProgram.With("/long", context =>
            {
                var name = new string('n', int.Parse(context.Request.Query["length"]!, CultureInfo.InvariantCulture));
                var refusal = Record.Exception(() => context.Session.SetString(name, "1"));
                return refusal?.GetType().Name ?? context.Session.GetString(name);
            }),
            """
            GET /long?length=1024  -> 200 '1' cookie
            GET /long?length=1025  -> 200 '1' <> 200 'ArgumentException'
            GET /long?length=65535 -> 200 '1' <> 200 'ArgumentException'
            GET /long?length=65536 -> 200 'ArgumentOutOfRangeException' <> 200 'ArgumentException'
            """
        );

    [Theory, BothServers]
    public Task Difference_name_with_half_a_surrogate_pair_is_refused_and_not_one_with_others(HostKind server) =>
        DiffersAsync(
            server,
            new()
            {
                Endpoints = endpoints =>
                {
                    endpoints.Map("/surrogate", context =>
                    {
                        var refusal = Record.Exception(() => context.Session.SetString("\uD800", "1"));
                        return context.Response.WriteAsync(refusal?.GetType().Name ?? "-");
                    });
                    endpoints.Map("/other", context =>
                        context.Response.WriteAsync(context.Session.GetString("\uDBFF") ?? "-")
                    );
                },
            },
            """
            GET /surrogate -> 200 '-' cookie <> 200 'ArgumentException'
            GET /other     -> 200 '1' <> 200 '-'
            """
        );

    [Theory, BothServers]
    public async Task Difference_overlapping_requests_both_keep_what_they_changed(HostKind server)
    {
        Assert.Equal("200 'a,slow'", await OverlappingAsync(SessionKind.AddSession, server));
        Assert.Equal("200 'a,fast,slow'", await OverlappingAsync(SessionKind.AddClusterSession, server));
    }

    [Theory, BothServers]
    public async Task Difference_change_after_the_request_is_refused_and_not_lost_in_silence(HostKind server)
    {
        Assert.Null(await ChangeAfterRequestAsync(SessionKind.AddSession, server));
        Assert.Equal("InvalidOperationException", await ChangeAfterRequestAsync(SessionKind.AddClusterSession, server));
    }

    [Theory, BothServers]
    public Task Difference_array_that_the_application_read_and_changed_is_no_change_of_the_session(HostKind server) =>
        DiffersAsync(
            server,
            DropInProgram.With("/alias", context =>
            {
                context.Session.Get("a")![0] = (byte)'9';
                context.Session.SetString("b", "2");
                return context.Session.GetString("a");
            }),
            """
            GET /set?a=1 -> 200 'set' cookie
            GET /alias   -> 200 '9' <> 200 '1'
            GET /get?a   -> 200 '9' <> 200 '1'
            """
        );

    [Theory, BothServers]
    public async Task Difference_expiration_of_the_cookie_can_be_set(HostKind server)
    {
        var program = new DropInProgram { Cookie = cookie => cookie.Expiration = TimeSpan.FromDays(1) };
        await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(SessionKind.AddSession, server, program));
        await using var run = await StartAsync(SessionKind.AddClusterSession, server, program);
        var observed = await run.Client().SendAsync(new DropInRequest("GET", "/set?a=1", [], ["Set-Cookie"]));
        Assert.Contains("expires=", observed, StringComparison.Ordinal);
    }

    [Theory, BothServers]
    public Task Difference_living_session_behind_a_dead_cookie_of_the_same_name_is_found(HostKind server) =>
        DiffersAsync(
            server,
            new() { Cookie = cookie => cookie.Name = "own" },
            """
            GET /set?a=1 -> 200 'set' cookie
            GET /get?a {Cookie: own=rubbish} -> 200 '-' <> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task Difference_ReadOnly_endpoint_that_changes_the_session_is_refused(HostKind server) =>
        DiffersAsync(
            server,
            new()
            {
                Endpoints = endpoints =>
                    endpoints
                        .Map("/change", context =>
                        {
                            context.Session.SetString("a", "2");
                            return context.Response.WriteAsync("changed");
                        })
                        .WithMetadata(new SessionAccessAttribute(SessionConcurrency.ReadOnly)),
            },
            """
            GET /set?a=1 -> 200 'set' cookie
            GET /change  -> 200 'changed' <> 500 '' !InvalidOperationException
            GET /get?a   -> 200 '2' <> 200 '1'
            """
        );

    [Theory, BothServers]
    public Task Difference_cookie_is_Secure_by_default_over_https(HostKind server) =>
        DiffersAsync(
            server,
            new()
            {
                Outside = app =>
                    app.Use(
                        (context, next) =>
                        {
                            context.Request.Scheme = "https";
                            return next(context);
                        }
                    ),
            },
            """
            GET /set?a=1 [Set-Cookie]
                -> 200 'set' cookie Set-Cookie=[session; httponly; path=/; samesite=lax]
                <> 200 'set' cookie Set-Cookie=[session; httponly; path=/; samesite=lax; secure]
            """
        );

    [Theory]
    [InlineData(SessionKind.AddSession, ".AspNetCore.Session")]
    [InlineData(SessionKind.AddClusterSession, ".ClusterSession")]
    public async Task Difference_cookie_has_a_name_of_ours_so_that_both_can_stand_side_by_side(
        SessionKind kind,
        string name
    )
    {
        await using var run = await StartAsync(kind, HostKind.TestServer, new());
        var client = run.Client();
        Assert.Equal("200 'set' cookie", await client.GetAsync("/set?a=1"));
        Assert.Equal([name], client.CookieNames);
    }

    private static void Cache(WebApplication app, string? caching)
    {
        if (caching is not null)
        {
            app.Use(
                (context, next) =>
                {
                    context.Response.OnStarting(() =>
                    {
                        context.Response.Headers.CacheControl = caching;
                        return Task.CompletedTask;
                    });
                    return next(context);
                }
            );
        }
    }

    private static async Task<string> CachingAsync(SessionKind kind, HostKind server, DropInProgram program)
    {
        await using var run = await StartAsync(kind, server, program);
        var observed = await run.Client().SendAsync(new DropInRequest("GET", "/set?a=1", [], ["Cache-Control"]));
        Assert.StartsWith("200 'set' cookie", observed, StringComparison.Ordinal);
        return observed;
    }

    private static async Task<string[]> LogsAsync(SessionKind kind, HostKind server)
    {
        await using var run = await StartAsync(kind, server, new());
        await run.Client().GetAsync("/set?first=1"); // Makes the key ring, which is said once.
        var before = run.Logs.All.Count;
        var client = run.Client();
        await client.GetAsync("/set?a=1");
        run.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("200 '-'", await client.GetAsync("/get?a"));
        return
        [
            .. run
                .Logs.All.Skip(before)
                .Where(log => log.Level >= LogLevel.Information)
                .Where(log =>
                    log.Category.Contains("AspNetCore.Session", StringComparison.Ordinal)
                    || log.Category.StartsWith("ClusterSession", StringComparison.Ordinal)
                )
                .Select(log => log.Event.Name!)
                .Distinct()
                .Order(),
        ];
    }

    /// <summary>
    /// Two requests of one session: the second begins and ends while the first runs.
    /// </summary>
    private static async Task<string> OverlappingAsync(SessionKind kind, HostKind server)
    {
        var (begun, mayEnd) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var run = await StartAsync(kind, server, DropInProgram.With("/slow", async context =>
            {
                context.Session.SetString("slow", "1");
                begun.TrySetResult();
                await mayEnd.Task;
            }));
        var client = run.Client();
        await client.GetAsync("/set?a=1");
        var slow = client.GetAsync("/slow");
        await begun.Task;
        await client.GetAsync("/set?fast=1");
        mayEnd.SetResult();
        Assert.Equal("200 ''", await slow);
        return await client.GetAsync("/keys");
    }

    private static async Task<string?> ChangeAfterRequestAsync(SessionKind kind, HostKind server)
    {
        ISession? kept = null;
        await using var run = await StartAsync(kind, server, DropInProgram.With("/keep", context =>
            {
                kept = context.Session;
                return context.Session.GetString("a");
            }));
        var client = run.Client();
        await client.GetAsync("/set?a=1");
        Assert.Equal("200 '1'", await client.GetAsync("/keep"));
        await client.GetAsync("/untouched"); // On the same connection: the request before it has ended.
        var refusal = Record.Exception(() => kept!.SetString("late", "1"));
        Assert.Equal("200 'a'", await client.GetAsync("/keys"));
        return refusal?.GetType().Name;
    }
}
