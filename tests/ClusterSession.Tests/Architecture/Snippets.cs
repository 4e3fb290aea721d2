using System.Security.Claims;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.Tests.Hosting;
using ClusterSession.ZooKeeper;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Tests.Architecture;

/// <summary>
/// Every C# block of the documentation, compiled. A test compares the regions here with the blocks
/// there, so that neither changes alone.
/// </summary>
internal static class Snippets
{
    public static void QuickStart(string[] args)
    {
        #region README.md
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddClusterSession(o => o.IdleTimeout = TimeSpan.FromMinutes(20)).UseRedis("localhost:6379");

        var app = builder.Build();
        app.UseClusterSession();
        app.MapGet("/", (HttpContext context) =>
        {
            var visits = (context.Session.GetInt32("visits") ?? 0) + 1;
            context.Session.SetInt32("visits", visits);
            return $"Visit {visits}";
        });
        app.Run();
        #endregion
    }

    public static void Coordination(WebApplicationBuilder builder)
    {
        #region src/ClusterSession.Failover/README.md
        builder.Services.AddRaftCoordinator(options =>
        {
            options.Members.Add(new Uri("https://redis-a.example:7400"));
            options.Members.Add(new Uri("https://redis-b.example:7400"));
            options.Members.Add(new Uri("https://voter.example:7400"));
            options.Self = new Uri("https://redis-a.example:7400");
            options.Directory = "/var/lib/cluster-session";
            options.Secret = builder.Configuration["Coordination:Secret"];
        });
        #endregion
    }

    public static void CoordinationInZooKeeper(WebApplicationBuilder builder)
    {
        #region src/ClusterSession.Failover.ZooKeeper/README.md
        builder.Services.AddZooKeeperCoordinator();
        builder.Services.AddClusterSessionFailover(options =>
            options.Coordinator = "zookeeper=zk1:2181,zk2:2181,zk3:2181/shop"
        );
        #endregion
    }

    public static void CoordinationInEtcd(WebApplicationBuilder builder)
    {
        #region src/ClusterSession.Failover.Etcd/README.md
        builder.Services.AddEtcdCoordinator();
        builder.Services.AddClusterSessionFailover(options =>
            options.Coordinator = "etcd=https://etcd1:2379,https://etcd2:2379,https://etcd3:2379/shop"
        );
        #endregion
    }

    public static async Task ZooKeeper(ILogger logger, Action<ReadOnlyMemory<byte>> use)
    {
        #region src/ClusterSession.ZooKeeper/README.md
        await using var client = new ZooKeeperClient(
            ZooKeeperOptions.Parse("zk1:2181,zk2:2181,zk3:2181/apps/shop"),
            onState: state => logger.LogInformation("ZooKeeper: {State}", state)
        );
        client.Start();

        var watch = new NodeWatch();
        var read = await client.GetAsync("/settings", watch);
        if (read.IsOk)
        {
            use(read.Value.Data);
            await watch.Fired; // changed, deleted, or the session is over
        }
        #endregion
    }

    public static void MapCoordination(WebApplication app)
    {
        #region src/ClusterSession.Failover/README.md
        app.MapRaftCoordinator();
        #endregion
    }

    public static void Agent(WebApplicationBuilder builder)
    {
        #region src/ClusterSession.Failover/README.md
        builder.Services.AddClusterSessionFailover();
        var app = builder.Build();
        app.MapClusterSessionFailover();
        #endregion
    }

    public static void Settings(WebApplicationBuilder builder)
    {
        #region docs/moving-from-addsession.md
        builder
            .Services.AddClusterSession(options =>
            {
                options.IdleTimeout = TimeSpan.FromMinutes(30);
                options.Cookie.Name = ".Shop.Session";
                options.Cookie.IsEssential = true;
            })
            .UseRedis();
        #endregion
    }

    public static void Strict(WebApplicationBuilder builder)
    {
        #region SECURITY.md
        builder
            .Services.AddClusterSession(options =>
            {
                options.IdleTimeout = TimeSpan.FromMinutes(15);
                options.AbsoluteTimeout = TimeSpan.FromHours(8);
                options.Cookie.Name = "__Host-session";
                options.Cookie.SecurePolicy = CookieSecurePolicy.Always;
                options.Cookie.SameSite = SameSiteMode.Strict;
            })
            .UseRedis()
            .ProtectKeysWith(builder.Configuration["SessionKeySecret"]);
        #endregion
    }

    public static void MinimalApi(WebApplication app)
    {
        #region docs/moving-from-addsession.md
        app.MapGet("/unread", (HttpContext context) => context.Session.GetInt32("unread") ?? 0)
            .WithSessionAccess(SessionConcurrency.ReadOnly, prolongs: false);
        #endregion
    }

    public static void Login(WebApplication app)
    {
        #region docs/moving-from-addsession.md
        app.MapPost("/login", async (HttpContext context) =>
        {
            context.Session.SetString("welcome", "back"); // Kept, under the new id.
            await context.SignInAsync(Authenticate(context));
            return Results.Redirect("/");
        });
        app.MapPost("/logout", async (HttpContext context) =>
        {
            await context.SignOutAsync();
            await context.GetClusterSession().DestroyAsync();
            return Results.Redirect("/");
        });
        #endregion
    }

    public static void Logout(WebApplication app)
    {
        #region docs/how-to/login-and-logout.md
        app.MapPost("/account/logout", async (HttpContext context) =>
        {
            await context.SignOutAsync();
            await context.GetClusterSession().DestroyAsync();
            return Results.Redirect("/");
        });
        #endregion
    }

    public static void SecondFactor(WebApplication app)
    {
        #region docs/how-to/login-and-logout.md
        app.MapPost("/account/second-factor", async (HttpContext context) =>
        {
            await context.GetClusterSession().RotateIdAsync();
            return Results.Redirect("/");
        });
        #endregion
    }

    public static void Password(WebApplication app)
    {
        #region docs/how-to/login-and-logout.md
        app.MapPost("/account/password", async (HttpContext context, ISessionManager sessions) =>
        {
            var user = context.User.FindFirstValue(ClaimTypes.NameIdentifier)!;
            await sessions.EndAllAsync(user, exceptCurrent: context);
            return Results.Redirect("/");
        });
        #endregion
    }

    public static void SharedSessions(WebApplicationBuilder builder)
    {
        #region docs/how-to/several-applications.md
        builder
            .Services.AddClusterSession(options =>
            {
                options.ApplicationName = "Shop";
                options.Cookie.Name = ".Shop.Session";
                options.Cookie.Domain = ".shop.example";
            })
            .UseRedis();
        builder.Services.AddDataProtection().SetApplicationName("Shop").PersistKeysToClusterSession();
        #endregion
    }

    public static void TestServices(WebApplicationBuilder builder)
    {
        #region docs/how-to/testing.md
        builder.WebHost.UseTestServer();
        builder.Services.AddClusterSession().UseInMemory();
        #endregion
    }

    public static async Task<string> TestRequestAsync(WebApplication app)
    {
        #region docs/how-to/testing.md
        var cookies = new Dictionary<string, string>();
        using var client = app.GetTestClient();

        async Task<string> GetAsync(string path)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Add("Cookie", string.Join("; ", cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
            using var response = await client.SendAsync(request);
            foreach (var header in response.Headers.TryGetValues("Set-Cookie", out var set) ? set : [])
            {
                var pair = header.Split(';')[0].Split('=', 2);
                cookies[pair[0]] = pair[1];
            }

            return await response.Content.ReadAsStringAsync();
        }
        #endregion

        return await GetAsync("/");
    }

    public static void HealthServices(WebApplicationBuilder builder)
    {
        #region docs/behind-a-balancer.md
        builder.Services.AddHealthChecks().AddClusterSession();
        #endregion
    }

    public static void HealthEndpoint(WebApplication app)
    {
        #region docs/behind-a-balancer.md
        app.MapHealthChecks("/health").WithSessionAccess(SessionConcurrency.None);
        #endregion
    }

    public static void CoreServices(WebApplicationBuilder builder)
    {
        #region src/ClusterSession/README.md
        builder.Services.AddClusterSession();
        #endregion
    }

    public static void CorePipeline(WebApplication app)
    {
        #region src/ClusterSession/README.md
        app.UseClusterSession();
        #endregion
    }

    public static void RedisServices(WebApplicationBuilder builder)
    {
        #region src/ClusterSession.Redis/README.md
        builder.Services.AddClusterSession().UseRedis();
        #endregion
    }

    public static void RedisPipeline(WebApplication app)
    {
        #region src/ClusterSession.Redis/README.md
        app.UseClusterSession();
        #endregion
    }

    public static void OwnStore(WebApplicationBuilder builder)
    {
        #region docs/another-store.md
        var shelves = new ShelfStore.Shelves(TimeProvider.System);
        builder.Services.AddClusterSession().UseStore(_ => new ShelfStore(shelves, TimeProvider.System));
        #endregion
    }

    private static ClaimsPrincipal Authenticate(HttpContext context) => context.User;

    #region docs/moving-from-addsession.md
    [SessionAccess(SessionConcurrency.ReadOnly, Prolongs = false)]
    public sealed class StatusController : Controller
    {
        public IActionResult Index() => Ok(HttpContext.Session.GetInt32("unread") ?? 0);
    }
    #endregion

    #region docs/another-store.md
    /// <summary>Sessions on three shelves of one process, without announcements.</summary>
    public sealed class ShelfStore(ShelfStore.Shelves shelves, TimeProvider time) : IClusterSessionStore
    {
        /// <summary>What the nodes share; a real store reaches it over a network.</summary>
        public sealed class Shelves(TimeProvider time)
        {
            internal Dictionary<SessionKey, (StoredSession Session, long Until)>[] Sessions { get; } =
            [
                [],
                [],
                [],
            ];

            internal InMemorySessionStore Documents { get; } = new(new InMemorySessions(time));
        }

        public string Name => "shelves";

        public ValueTask StartAsync(IStoreObserver observer, CancellationToken cancellationToken) =>
            ValueTask.CompletedTask; // It has nothing to announce, and no lease of it is ever current.

        public ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, StoreDeadline deadline)
        {
            lock (ShelfOf(key))
            {
                var (stored, left, _) = Find(key);
                return new(
                    stored switch
                    {
                        null => StoreRead.Missing(SessionLease.None),
                        { End: { } end } => StoreRead.DestroyedBy(end.Successor, left),
                        { Record: var same } when !known.IsNone && same.Version == known => StoreRead.Unchanged(
                            SessionLease.None,
                            left
                        ),
                        { Record: var record } => StoreRead.Found(record, SessionLease.None, left),
                    }
                );
            }
        }

        public ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, StoreDeadline deadline) =>
            Write(key, change.Life, change.LeastLife, stored => StoredSession.Commit(stored, change));

        public ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, StoreDeadline deadline) =>
            Write(key, copy.LifeLeft, copy.LifeLeft, stored => StoredSession.Merge(stored, copy));

        public ValueTask<StoreWrite> DestroyAsync(
            SessionKey key,
            SessionEnd end,
            TimeSpan tombstoneLife,
            StoreDeadline deadline
        ) => Write(key, tombstoneLife, TimeSpan.MaxValue, stored => StoredSession.Destroy(stored, end));

        public ValueTask<StoreTouch> TouchAsync(
            SessionKey key,
            TimeSpan life,
            TimeSpan leastLife,
            StoreDeadline deadline
        )
        {
            lock (ShelfOf(key))
            {
                var (stored, left, _) = Find(key);
                if (stored is null or { End: not null } || left >= leastLife)
                {
                    return new(
                        stored switch
                        {
                            null => StoreTouch.Missing,
                            { End: not null } => StoreTouch.Destroyed,
                            _ => StoreTouch.Kept(stored.Record.Version),
                        }
                    );
                }

                ShelfOf(key)[key] = (stored, After(life));
                return new(StoreTouch.Touched(stored.Record.Version));
            }
        }

        public async ValueTask<StoreDocument> ReadDocumentAsync(
            string name,
            DocumentPosition known,
            StoreDeadline deadline
        ) => await shelves.Documents.ReadDocumentAsync(name, known, deadline) with { Lease = SessionLease.None };

        public async ValueTask<StoreDocument> MergeDocumentAsync(
            string name,
            IReadOnlyList<DocumentElement> elements,
            TimeSpan life,
            StoreDeadline deadline
        ) =>
            await shelves.Documents.MergeDocumentAsync(name, elements, life, deadline) with
            {
                Lease = SessionLease.None,
            };

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private Dictionary<SessionKey, (StoredSession Session, long Until)> ShelfOf(SessionKey key) =>
            shelves.Sessions[key.Mark % 3];

        private (StoredSession? Stored, TimeSpan Left, long Until) Find(SessionKey key)
        {
            var (found, now) = (ShelfOf(key).GetValueOrDefault(key), time.GetTimestamp());
            return found.Until > now ? (found.Session, time.GetElapsedTime(now, found.Until), found.Until) : default;
        }

        private ValueTask<StoreWrite> Write(
            SessionKey key,
            TimeSpan life,
            TimeSpan leastLife,
            Func<StoredSession?, (StoredSession? Next, StoredAnswer Answer)> step
        )
        {
            lock (ShelfOf(key))
            {
                var (stored, left, until) = Find(key);
                var (next, answer) = step(stored);
                if (answer.Outcome == WriteOutcome.Unchanged && left < leastLife)
                {
                    next = stored; // The node that merges the same again may have used it later.
                }

                if (next is not null)
                {
                    ShelfOf(key)[key] = (next, left < leastLife ? After(life) : until);
                }

                return new(StoreWrite.Answered(answer, SessionLease.None));
            }
        }

        private long After(TimeSpan life) => time.GetTimestamp() + (long)(life.TotalSeconds * time.TimestampFrequency);
    }
    #endregion
}
