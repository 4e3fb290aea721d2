using System.Text;
using ClusterSession.Principals;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Diagnostics;

public sealed class LogScanTests : NodeTests
{
    private const string Secret = "s3cretValue4711";
    private const string Somebody = "somebody.4711@example.org";

    [Fact]
    public async Task No_log_message_carries_an_id_a_token_a_key_or_a_value_even_at_Trace()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync(endpoints => endpoints.MapGet("/write", async (HttpContext context) =>
                {
                    context.Session.SetString("k", Secret + context.TraceIdentifier);
                    if (context.Request.Query.ContainsKey("late"))
                    {
                        await context.Response.WriteAsync("x");
                        await context.Response.Body.FlushAsync();
                        context.Session.SetString("k", Secret + "late" + context.TraceIdentifier);
                    }

                    if (context.Request.Query.ContainsKey("throw"))
                    {
                        throw new InvalidOperationException("The endpoint's own.");
                    }
                }), before: LogIn);
        var b = await StartAsync(store: faulty, before: LogIn, options: options =>
        {
            options.Outage.BreakAfter = 3;
            options.Outage.JournalSessions = 1;
        });
        var browser = a.Browser();
        var secrets = new HashSet<string>
        {
            Secret,
            Somebody,
            Convert.ToHexStringLower(PrincipalKey.Of(Somebody).ToBytes()),
            Convert.ToBase64String(PrincipalKey.Of(Somebody).ToBytes()),
        };
        await StepAsync("/write");
        await StepAsync("/write?late=1");
        await Assert.ThrowsAnyAsync<Exception>(() => browser.GetAsync("/write?throw=1"));
        await StepAsync("/rotate");
        await StepAsync("/get/k");
        var (tampered, random, old) = (a.Browser(), a.Browser(), browser.Copy());
        tampered.Cookie = browser.Cookie![..^1] + (browser.Cookie[^1] == 'A' ? 'B' : 'A');
        random.Cookie = new string('C', 24) + "." + new string('D', 44);
        secrets.UnionWith(tampered.Cookie.Split('.').Concat(random.Cookie.Split('.')));
        await tampered.GetAsync("/get/k");
        await random.GetAsync("/get/k");
        var third = b.Browser();
        await third.GetAsync("/set/k/" + "x1");
        Remember(third.Cookie);
        foreach (
            var failing in new[]
            {
                StoreOperations.Read,
                StoreOperations.Commit,
                StoreOperations.Merge,
                StoreOperations.Destroy,
                StoreOperations.Touch,
                StoreOperations.All,
            }
        )
        {
            faulty.Failing = failing;
            await third.Copy().GetAsync("/set/k/x" + (int)failing);
            await old.Copy().GetAsync("/get/k", b);
            await b.Browser().GetAsync("/set/k/x2");
            await b.Services.GetRequiredService<ClusterSession.Touching.SessionTouches>().FlushAsync(default);
            await third.Copy().GetAsync("/destroy");
            Time.Advance(TimeSpan.FromMinutes(2));
        }

        await Assert.ThrowsAsync<SessionUnavailableException>(() => Time.DriveAsync(b.EndAllAsync(Somebody)));
        faulty.Failing = StoreOperations.None;
        Time.Advance(TimeSpan.FromMinutes(2));
        await StepAsync("/write?in=1");
        await a.EndAllAsync(Somebody);
        await StepAsync("/get/k?in=1");
        await StepAsync("/write?in=1");
        await StepAsync("/destroy");
        await old.GetAsync("/get/k");
        Time.Advance(TimeSpan.FromDays(1));
        await Time.DriveAsync(old.GetAsync("/get/k"));

        Assert.True(Logs.All.Count > 100, "the scan saw the logs");
        Assert.Contains(Logs.All, log => log.Event.Name == "CookieRefused");
        Assert.Contains(Logs.All, log => log.Event.Name == "OpenFailed");
        Assert.Contains(Logs.All, log => log.Event.Name == "SessionEndedWithPrincipal");
        Assert.Contains(Logs.All, log => log.Event.Name == "CommittedAfterHeaders");
        foreach (var log in Logs.All)
        {
            Assert.All(secrets, secret =>
                Assert.False(
                    log.Text.Contains(secret, StringComparison.Ordinal),
                    $"{log.Category} {log.Event} carries a secret"
                )
            );
        }

        // Not by its name in the query: the server logs that.
        static void LogIn(WebApplication app) =>
            app.Use(next =>
                context =>
                {
                    context.User = context.Request.Query.ContainsKey("in") ? Login.As(Somebody) : context.User;
                    return next(context);
                }
            );

        async Task StepAsync(string path)
        {
            await browser.GetAsync(path);
            Remember(browser.Cookie);
        }

        void Remember(string? cookie)
        {
            if (cookie is not null && ClusterSession.Records.SessionId.TryParse(cookie.Split('.')[0], out var id))
            {
                var key = ClusterSession.Records.SessionKey.Of(id);
                secrets.UnionWith([
                    .. cookie.Split('.'),
                    key.ToString(),
                    Convert.ToHexString(id.Bytes),
                    Convert.ToBase64String(id.Bytes),
                ]);
            }
        }
    }

    [Fact]
    public void Types_that_hold_secrets_print_none()
    {
        var id = ClusterSession.Records.SessionId.New(System.Security.Cryptography.RandomNumberGenerator.Create());
        Span<char> text = stackalloc char[24];
        id.WriteText(text);
        Assert.DoesNotContain(text.ToString(), id.ToString());
        var secret = Convert.ToBase64String(Encoding.UTF8.GetBytes(new string('k', 32)));
        Assert.DoesNotContain(secret, new SessionKeyOptions { Id = 1, Secret = secret }.ToString());
        Assert.Equal("key 1", new ClusterSession.KeyRing.CookieKey(1, default, new byte[32]).ToString());
    }
}
