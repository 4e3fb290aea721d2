using System.Globalization;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Histories;
using ClusterSession.TestKit.Servers;

namespace ClusterSession.ChaosTests.AtRandom;

/// <summary>
/// A store that is there and forgets, goes back, is slow, refuses, or holds what nobody can read; a
/// node with a wrong clock, and one that is asked and frozen.
/// </summary>
internal sealed partial class RandomFaults
{
    private const int Most = 20;
    private const string Everything = "cs*:1:*";
    private const string Sessions = "cs*:1:{*";

    /// <summary>Which key has a value with this text in it: the session of which it is.</summary>
    private const string FindKey = """
        for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
          if redis.call('TYPE', key).ok == 'hash' then
            for _, value in ipairs(redis.call('HVALS', key)) do
              if string.find(value, ARGV[2], 1, true) then return key end
            end
          end
        end
        return ''
        """;

    private const string KeepCopies =
        "for _, key in ipairs(ARGV) do redis.call('COPY', key, 'kept-for-later:' .. key, 'REPLACE') end return 'OK'";

    private const string GoBack = """
        local changed = 0
        for _, key in ipairs(ARGV) do
          if redis.call('EXISTS', 'kept-for-later:' .. key) == 1 then
            redis.call('RENAME', 'kept-for-later:' .. key, key)
            changed = changed + 1
          end
        end
        return changed
        """;

    /// <summary>
    /// Just so little room that something has to go, documents as well as sessions.
    /// </summary>
    private async Task EvictAsync(string kind)
    {
        var master = await redis.MasterAsync();
        var evicted = await EvictedAsync(master);
        await story.FaultAsync(
            kind,
            Name(master),
            FaultLayer.Store,
            async () =>
            {
                var used = long.Parse(await master.InfoAsync("memory", "used_memory"), CultureInfo.InvariantCulture);
                var most = (used - random.Next(1, 200_000)).ToString(CultureInfo.InvariantCulture);
                var policy = random.Next(2) == 0 ? "allkeys-random" : "volatile-lru";
                await SetAsync(master, "maxmemory-policy", policy, "maxmemory", most);
            },
            () =>
                Condition.HoldsAsync(
                    async () => await EvictedAsync(master) > evicted,
                    "the master has evicted something"
                ),
            () => SetAsync(master, "maxmemory", "0", "maxmemory-policy", "noeviction"),
            FaultEffect.Loss
        );
    }

    private async Task DeleteAsync(string kind)
    {
        var master = await redis.MasterAsync();
        await story.FaultAsync(
            kind,
            Name(master),
            FaultLayer.Store,
            () => DeleteSomeAsync(master, Everything),
            () => Task.CompletedTask,
            effect: FaultEffect.Loss
        );
    }

    /// <summary>
    /// Some keys, sessions and perhaps documents, are again what they were some requests ago.
    /// </summary>
    private async Task GoBackAsync(string kind)
    {
        var master = await redis.MasterAsync();
        await story.FaultAsync(
            kind,
            Name(master),
            FaultLayer.Store,
            async () =>
            {
                var keys = await DrawAsync(master, Everything);
                await master.CommandAsync(["EVAL", KeepCopies, "0", .. keys]);
                await story.GoOnAsync(random.Next(50, 400));
                var changed = await master.CommandAsync(["EVAL", GoBack, "0", .. keys]);
                if (changed is "0" || !long.TryParse(changed, CultureInfo.InvariantCulture, out _))
                {
                    throw new InvalidOperationException($"Nothing has gone back: {changed}");
                }
            },
            () => Task.CompletedTask,
            effect: FaultEffect.Loss
        );
    }

    /// <summary>
    /// A session that nobody else has: it fails wherever the store is asked for it, and nobody else
    /// does.
    /// </summary>
    private async Task DamageAsync(string kind)
    {
        var master = await redis.MasterAsync();
        var (visitor, text) = (new Visitor(), $"damaged-{random.Next()}");
        await visitor.SetAsync(nodes.Nodes[0], "mark", text);
        var key = await master.CommandAsync("EVAL", FindKey, "0", Sessions, text);
        if (key.Length == 0)
        {
            throw new InvalidOperationException("The session that is to be damaged is not in the store.");
        }

        string[] damage = random.Next(2) == 0 ? ["SET", key, "of another type"] : ["HSET", key, "m", "too short"];
        await story.FaultAsync(
            kind,
            key,
            FaultLayer.Store,
            () => master.CommandAsync(damage),
            async () =>
            {
                await Condition.HoldsAsync(
                    async () => await visitor.StatusAsync(nodes.Nodes[random.Next(nodes.Nodes.Count)]) == 503,
                    "the damaged session is refused"
                );
                await story.GoOnAsync(random.Next(50, 300));
            },
            () => master.CommandAsync("DEL", key),
            FaultEffect.Nothing
        );
    }

    private async Task ShiftClockAsync(string kind)
    {
        var node = nodes.Nodes[random.Next(nodes.Nodes.Count)];
        await story.FaultAsync(
            kind,
            node.Name,
            FaultLayer.Node,
            async () =>
            {
                await node.Kill9Async();
                await node.StartAgainAsync("--clockOffset", "365.00:00:00");
            },
            () => story.GoOnAsync(random.Next(200, 600)),
            async () =>
            {
                await node.DrainAsync();
                await node.StartAgainAsync();
            },
            restarted: node.Name
        );
    }

    /// <summary>
    /// Each reply comes, and later than requests wait for it at first; too soon for the sentinels.
    /// </summary>
    private async Task ReplyLateAsync(string kind)
    {
        var master = await redis.MasterAsync();
        await story.FaultAsync(
            kind,
            Name(master),
            async () =>
            {
                for (var i = random.Next(4, 12); i > 0; i--)
                {
                    master.Process.Stop();
                    try
                    {
                        await Task.Delay(random.Next(220, 400));
                    }
                    finally
                    {
                        master.Process.Continue();
                    }

                    await Task.Delay(random.Next(5, 30));
                }
            },
            async () =>
                await Condition.HoldsAsync(
                    async () => await master.CommandAsync("PING") == "PONG",
                    "the master answers again"
                ),
            () => redis.InSyncAsync()
        );
    }

    private async Task RefuseWritesAsync(string kind)
    {
        var master = await redis.MasterAsync();
        var refused = await RefusedAsync(master);
        await story.FaultAsync(
            kind,
            Name(master),
            () => SetAsync(master, "min-replicas-to-write", "9"),
            async () =>
            {
                await Condition.HoldsAsync(
                    async () => await RefusedAsync(master) > refused,
                    "a write has been refused"
                );
                await Task.Delay(random.Next(50, 1500));
            },
            () => SetAsync(master, "min-replicas-to-write", "0")
        );
    }

    /// <summary>
    /// What is published between nodes meanwhile is lost: they ask in vain, and complete what is
    /// missing when they are connected again.
    /// </summary>
    private async Task LoseAnnouncementsAsync(string kind)
    {
        var master = await redis.MasterAsync();
        await story.FaultAsync(
            kind,
            Name(master),
            FaultLayer.Store,
            async () =>
            {
                if (await master.CommandAsync("CLIENT", "KILL", "TYPE", "pubsub") == "0")
                {
                    throw new InvalidOperationException("There was no channel to cut.");
                }
            },
            () => Task.CompletedTask,
            effect: FaultEffect.Nothing
        );
    }

    /// <summary>
    /// One node is asked for what the store has lost, and cannot answer; when it goes on, what it
    /// was asked is over.
    /// </summary>
    private async Task FreezeAskedAsync(string kind)
    {
        var master = await redis.MasterAsync();
        var node = nodes.Nodes[random.Next(nodes.Nodes.Count)];
        await story.FaultAsync(
            kind,
            node.Name,
            FaultLayer.Node,
            async () =>
            {
                node.Process.Stop();
                await DeleteSomeAsync(master, Sessions);
            },
            () => Task.Delay(random.Next(300, 4000)),
            () =>
            {
                node.Process.Continue();
                return Task.CompletedTask;
            },
            FaultEffect.Loss
        );
    }

    private async Task DeleteSomeAsync(RedisServer master, string pattern)
    {
        if (await master.CommandAsync(["DEL", .. await DrawAsync(master, pattern)]) == "0")
        {
            throw new InvalidOperationException("No key was deleted.");
        }
    }

    private async Task<string[]> DrawAsync(RedisServer master, string pattern)
    {
        string[] keys =
        [
            .. (await master.CommandAsync("KEYS", pattern))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Order(StringComparer.Ordinal),
        ];
        random.Shuffle(keys);
        // Documents are few among the sessions: each other time some of them too.
        string[] documents =
            pattern == Everything && random.Next(2) == 0
                ? [.. keys.Where(key => key.Contains(":document:", StringComparison.Ordinal)).Take(random.Next(1, 5))]
                : [];
        return [.. keys.Take(random.Next(1, Most)).Union(documents)];
    }

    private static async Task<long> EvictedAsync(RedisServer master) =>
        long.Parse(await master.InfoAsync("stats", "evicted_keys"), CultureInfo.InvariantCulture);

    private static async Task<long> RefusedAsync(RedisServer master)
    {
        var line = (await master.CommandAsync("INFO", "errorstats"))
            .Split('\n')
            .FirstOrDefault(l => l.StartsWith("errorstat_NOREPLICAS:count=", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.Split('=')[1].Trim(), CultureInfo.InvariantCulture);
    }

    private static async Task SetAsync(RedisServer server, params string[] settings)
    {
        if (await server.CommandAsync(["CONFIG", "SET", .. settings]) is not "OK" and var said)
        {
            throw new InvalidOperationException($"CONFIG SET {string.Join(' ', settings)}: {said}");
        }
    }
}
