using System.Globalization;
using System.Net;
using System.Security.Claims;
using System.Text;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Sessions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// What is copied or renamed inside Redis, by hand or by a script that restores a backup.
/// </summary>
public sealed class CopiedRecordTests : IAsyncLifetime
{
    private const string Damaged = "RecordDamaged";

    /// <summary>Each key with what its record says of it, in hexadecimal digits.</summary>
    private const string Marks = """
        local lines = {}
        for _, key in ipairs(redis.call('KEYS', 'cs:1:{*')) do
          local mark = redis.call('HGET', key, 'k') or ''
          lines[#lines + 1] = key .. ' ' .. string.gsub(mark, '.', function(c) return string.format('%02x', string.byte(c)) end)
        end
        return table.concat(lines, '\n')
        """;

    private readonly EphemeralDataProtectionProvider _protection = new();
    private readonly CapturedLogs _logs = new();
    private RedisServer _redis = null!;
    private TestNode _a = null!;
    private TestNode _b = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _a = await StartAsync();
        _b = await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _redis.DisposeAsync();
        _logs.Dispose();
    }

    [Fact]
    public async Task Session_copied_to_the_key_of_another_one_is_refused_by_name_and_opens_nothing_there()
    {
        var (victim, thief, other) = (_a.Browser(), _a.Browser(), _a.Browser());
        await victim.GetAsync("/set/color/red");
        await thief.GetAsync("/set/color/blue");
        await other.GetAsync("/set/color/green");
        Assert.Equal("1", await CopyAsync(KeyOf(victim), KeyOf(thief)));

        Assert.DoesNotContain("red", await thief.GetAsync("/get/color", _b), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, thief.LastStatus);
        var line = Assert.Single(_logs.All, log => log.Event.Name == Damaged);
        Assert.DoesNotContain(KeyOf(thief).ToString(), line.Text, StringComparison.Ordinal);
        Assert.Equal("blue", await thief.GetAsync("/get/color", _a)); // Its own, of which this node has a copy.
        foreach (var node in new[] { _b, _a })
        {
            Assert.Equal(
                ("red", "green"),
                (await victim.GetAsync("/get/color", node), await other.GetAsync("/get/color", node))
            );
        }
    }

    [Fact]
    public async Task Login_copied_to_the_key_of_another_one_is_refused_by_name_and_is_nobodys()
    {
        var (victim, thief) = (new Login(), new Login());
        await victim.GetAsync("/login/alice", _a);
        var before = await KeysAsync();
        await thief.GetAsync("/login/mallory", _a);
        var (victims, thiefs) = (before.Single(), (await KeysAsync()).Except(before).Single());
        Assert.Equal("1", await _redis.CommandAsync("COPY", victims, thiefs, "REPLACE"));

        Assert.DoesNotContain("alice", await thief.GetAsync("/me", _b), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, thief.LastStatus);
        Assert.Equal(1, _logs.Count(Damaged));
        Assert.Equal("alice", await victim.GetAsync("/me", _b));
        Assert.Equal("alice", await victim.GetAsync("/me", _a));
    }

    [Fact]
    public async Task Every_record_and_every_end_says_which_key_it_was_written_under()
    {
        var (rotated, ended, restored) = (_a.Browser(), _a.Browser(), _a.Browser());
        await new Login().GetAsync("/login/alice", _a);
        await rotated.GetAsync("/set/color/red");
        await rotated.GetAsync("/rotate", _b);
        await ended.GetAsync("/set/color/green");
        await ended.GetAsync("/destroy", _b);
        await restored.GetAsync("/set/color/blue");
        await restored.GetAsync("/set/color/white", _b);
        Assert.Equal(5, await CountMarkedAsync());

        await _redis.CommandAsync("FLUSHALL");
        await Condition.HoldsAsync(
            async () => await restored.GetAsync("/get/color", _b) == "white" && await CountMarkedAsync() > 0,
            "the session is restored"
        );
    }

    [Fact]
    public async Task Copied_end_ends_nothing_leads_to_no_other_session_and_gives_way_to_an_end_of_its_own()
    {
        await using var store = RedisNode.Store(_redis.ConnectionString);
        await store.StartAsync(new TestKit.Conformance.RecordingObserver(), default);
        var versions = new VersionSource();
        var (rotated, other, successor) = (SessionKeys.New(), SessionKeys.New(), SessionKeys.New());
        var record = await CreateAsync(store, other, versions);
        await store.DestroyAsync(
            rotated,
            new SessionEnd(versions.Next(), new SessionSuccessor(successor)),
            Life,
            default
        );
        Assert.Equal("1", await CopyAsync(rotated, other));

        var read = await store.ReadAsync(other, SessionVersion.None, default);
        Assert.Equal(
            (StoreReadOutcome.Unavailable, StoreFailure.Damaged, null),
            (read.Outcome, read.Failure, read.Successor)
        );
        var delta = new SessionDelta();
        delta.Set("a", [2]);
        var change = new SessionChange(record.Version, versions.Next(), delta, [], Life, Life);
        AssertDamaged(await store.CommitAsync(other, change, default));
        AssertDamaged(
            await store.MergeAsync(other, new SessionMerge(record, versions.Next(), MergeMode.Restore, Life), default)
        );
        Assert.Equal(
            WriteOutcome.Committed,
            (await store.DestroyAsync(other, new SessionEnd(versions.Next()), Life, default)).Outcome
        );
        read = await store.ReadAsync(other, SessionVersion.None, default);
        Assert.Equal((StoreReadOutcome.Destroyed, null), (read.Outcome, read.Successor));
        read = await store.ReadAsync(rotated, SessionVersion.None, default);
        Assert.Equal((StoreReadOutcome.Destroyed, successor), (read.Outcome, read.Successor?.Key));
    }

    [Fact]
    public async Task Record_of_a_release_that_wrote_no_key_is_read_changed_and_ended()
    {
        await using var store = RedisNode.Store(_redis.ConnectionString);
        await store.StartAsync(new TestKit.Conformance.RecordingObserver(), default);
        var versions = new VersionSource();
        var key = SessionKeys.New();
        var record = await CreateAsync(store, key, versions);
        Assert.Equal("1", await _redis.CommandAsync("HDEL", $"cs:1:{{{key}}}", "k"));

        var delta = new SessionDelta();
        delta.Set("a", [2]);
        var change = new SessionChange(record.Version, versions.Next(), delta, [], Life, Life);
        Assert.Equal(WriteOutcome.Committed, (await store.CommitAsync(key, change, default)).Outcome);
        var read = await store.ReadAsync(key, SessionVersion.None, default);
        Assert.Equal((StoreReadOutcome.Found, change.Version), (read.Outcome, read.Record?.Version));
        await store.DestroyAsync(key, new SessionEnd(versions.Next()), Life, default);
        Assert.Equal("1", await _redis.CommandAsync("HDEL", $"cs:1:{{{key}}}", "k"));
        Assert.Equal(StoreReadOutcome.Destroyed, (await store.ReadAsync(key, SessionVersion.None, default)).Outcome);
        Assert.Equal(WriteOutcome.Destroyed, (await store.CommitAsync(key, change, default)).Outcome);
        Assert.Equal(
            WriteOutcome.Destroyed,
            (await store.DestroyAsync(key, new SessionEnd(versions.Next()), Life, default)).Outcome
        );
    }

    private static TimeSpan Life { get; } = TimeSpan.FromHours(1);

    private static void AssertDamaged(StoreWrite answer) =>
        Assert.Equal(
            (WriteOutcome.Unavailable, StoreFailure.Damaged, null),
            (answer.Outcome, answer.Failure, answer.Successor)
        );

    private static async Task<SessionRecord> CreateAsync(
        IClusterSessionStore store,
        SessionKey key,
        VersionSource versions
    )
    {
        var version = versions.Next();
        var record = RecordSketch.At(version).With("a", "1", version).Build();
        var created = await store.MergeAsync(key, new SessionMerge(record, version, MergeMode.Create, Life), default);
        Assert.Equal(WriteOutcome.Committed, created.Outcome);
        return record;
    }

    private static SessionKey KeyOf(TestBrowser browser)
    {
        Assert.True(SessionId.TryParse(browser.Id!, out var id));
        return SessionKey.Of(id);
    }

    private Task<string> CopyAsync(SessionKey from, SessionKey to) =>
        _redis.CommandAsync("COPY", $"cs:1:{{{from}}}", $"cs:1:{{{to}}}", "REPLACE");

    private async Task<string[]> KeysAsync() =>
        (await _redis.CommandAsync("KEYS", "cs:1:{*")).Split(
            '\n',
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries
        );

    private async Task<int> CountMarkedAsync()
    {
        var lines = (await _redis.CommandAsync("EVAL", Marks, "0")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var line in lines)
        {
            var (text, mark) = (line[6..28], line[30..].Trim());
            Assert.True(SessionKey.TryParse(Encoding.ASCII.GetBytes(text), out var key));
            Assert.Equal(key.Mark.ToString("x16", CultureInfo.InvariantCulture), mark);
        }

        return lines.Length;
    }

    private Task<TestNode> StartAsync() =>
        TestNode.StartAsync(
            RedisNode.Store(_redis.ConnectionString),
            endpoints: static endpoints =>
            {
                endpoints.MapGet("/login/{name}", (HttpContext context, string name) =>
                    context.SignInAsync(
                        new ClaimsPrincipal(
                            new ClaimsIdentity(
                                [new Claim(ClaimTypes.NameIdentifier, name), new Claim(ClaimTypes.Name, name)],
                                "test"
                            )
                        )
                    )
                );
                endpoints.MapGet("/me", (HttpContext context) => context.User.Identity?.Name ?? "nobody");
            },
            services: services =>
            {
                services.AddSingleton<ILoggerProvider>(_logs);
                services.AddSingleton<IDataProtectionProvider>(_protection);
                services.AddClusterSession().AddTicketStore();
                services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
            }
        );

    /// <summary>A browser for the login cookie.</summary>
    private sealed class Login
    {
        private string _cookie = "";

        public HttpStatusCode LastStatus { get; private set; }

        public async Task<string> GetAsync(string path, TestNode at)
        {
            using var client = at.CreateClient();
            client.DefaultRequestHeaders.TryAddWithoutValidation("Cookie", _cookie);
            using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
            if (response.Headers.TryGetValues("Set-Cookie", out var cookies))
            {
                _cookie = cookies
                    .Single(cookie => cookie.StartsWith(".AspNetCore.Cookies=", StringComparison.Ordinal))
                    .Split(';')[0];
            }

            LastStatus = response.StatusCode;
            return await response.Content.ReadAsStringAsync();
        }
    }
}
