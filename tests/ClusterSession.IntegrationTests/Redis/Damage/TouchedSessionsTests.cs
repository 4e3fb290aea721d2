using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Damage;

/// <summary>Sessions that are only read, and one record of another type among them.</summary>
public sealed class TouchedSessionsTests
{
    private const int Sessions = 96; // Three batches.

    [Fact]
    public async Task Record_of_another_type_in_a_batch_of_touches_lets_no_other_session_expire()
    {
        await using var redis = await RedisServer.StartAsync();
        using var logs = new CapturedLogs();
        var touches = new DamagedTouches(RedisNode.Store(redis.ConnectionString));
        await using var node = await TestNode.StartAsync(
            touches,
            options: options =>
                (options.IdleTimeout, options.TouchInterval) = (TimeSpan.FromMinutes(20), TimeSpan.FromSeconds(1)),
            services: services => services.AddSingleton<ILoggerProvider>(logs)
        );
        var browsers = new List<TestBrowser>();
        for (var i = 0; i < Sessions; i++)
        {
            browsers.Add(node.Browser());
            Assert.Equal("red", await browsers[i].GetOnceFoundAsync("/set/color/red", node));
        }

        var (damaged, others) = (KeyOf(browsers[0]), browsers.Skip(1).Select(KeyOf).ToArray());
        await redis.CommandAsync("DEL", damaged);
        await redis.CommandAsync("RPUSH", damaged, "m");
        await redis.CommandAsync([
            "EVAL",
            "for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, 300000) end",
            others.Length.ToString(CultureInfo.InvariantCulture),
            .. others,
        ]);

        await Condition.HoldsAsync(
            async () =>
            {
                foreach (var browser in browsers)
                {
                    await browser.GetAsync("/get/color");
                }

                var lives = await redis.CommandAsync([
                    "EVAL",
                    "local n = 1e9 for _, k in ipairs(KEYS) do n = math.min(n, redis.call('PTTL', k)) end return n",
                    others.Length.ToString(CultureInfo.InvariantCulture),
                    .. others,
                ]);
                return long.Parse(lives, CultureInfo.InvariantCulture)
                        > TimeSpan.FromMinutes(20).TotalMilliseconds - 60_000
                    && touches.Count > 0;
            },
            "each other session is prolonged, and the damaged one was among the touches"
        );
        Assert.Equal(0, logs.Count("TouchesFailed"));
        var named = Assert.Single(logs.All, static log => log.Event.Name == "RecordDamaged").Text;
        Assert.Contains("there is something of another type under its key", named, StringComparison.Ordinal);
        var hash = SHA256.HashData(Encoding.ASCII.GetBytes(damaged[^23..^1])); // Of the text in braces.
        Assert.Contains(
            $"SHA-256 of its key begins with {Convert.ToHexStringLower(hash)[..16]}",
            named,
            StringComparison.Ordinal
        );
    }

    private static string KeyOf(TestBrowser browser)
    {
        Assert.True(SessionId.TryParse(browser.Id!, out var id));
        return $"cs:1:{{{SessionKey.Of(id)}}}";
    }

    /// <summary>Counts touches that have met a damaged record.</summary>
    private sealed class DamagedTouches(IClusterSessionStore inner) : ForwardingStore(inner)
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        protected override async ValueTask<T> OnAsync<T>(
            StoreOperations operation,
            Func<ValueTask<T>> ask,
            Func<StoreFailure, T> unavailable
        )
        {
            var answer = await ask();
            if (answer is StoreTouch { Failure: StoreFailure.Damaged })
            {
                Interlocked.Increment(ref _count);
            }

            return answer;
        }
    }
}
