using System.Globalization;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Histories;
using ClusterSession.TestKit.Servers;

namespace ClusterSession.ChaosTests.AtRandom;

/// <summary>
/// As <see cref="RandomFaults"/> on a Redis Cluster of three masters with a replica each: what only
/// a cluster does to its keys, and the deaths that it has too. Each fault is of the shard of a slot
/// that is drawn.
/// </summary>
internal sealed class RandomClusterFaults(Story story, RedisClusterFixture redis, ChaosCluster nodes, Random random)
    : IRandomFaults
{
    private const int Slots = 16384;
    private const int MaxMoved = 20;
    private static readonly TimeSpan ShortOfFailover = TimeSpan.FromMilliseconds(500);

    public IReadOnlyList<string> Kinds { get; } =
    ["kill -9", "slots taken over", "slots moved", "short freeze", "node killed"];

    public Task CauseOneAsync(string kind) =>
        kind switch
        {
            "kill -9" => KillAsync(kind),
            "slots taken over" => TakeOverAsync(kind),
            "slots moved" => MoveAsync(kind),
            "short freeze" => FreezeShortlyAsync(kind),
            "node killed" => KillNodeAsync(kind),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such fault."),
        };

    private async Task KillAsync(string kind)
    {
        var slot = random.Next(Slots);
        var master = await redis.OwnerAsync(slot);
        await story.FaultAsync(
            kind,
            Name(master),
            master.Kill9Async,
            () => redis.NewOwnerAsync(slot, master),
            async () =>
            {
                await redis.RejoinAsync(master);
                await redis.RestAsync();
            }
        );
    }

    /// <summary>A replica takes its master's slots without a vote.</summary>
    private async Task TakeOverAsync(string kind)
    {
        var slot = random.Next(Slots);
        var master = await redis.OwnerAsync(slot);
        var replica = await redis.ReplicaOfAsync(master);
        await story.FaultAsync(
            kind,
            Name(master),
            async () => Expect("OK", await replica.CommandAsync("CLUSTER", "FAILOVER", "TAKEOVER")),
            () => redis.NewOwnerAsync(slot, master),
            redis.RestAsync
        );
    }

    private async Task MoveAsync(string kind)
    {
        var first = random.Next(Slots - MaxMoved);
        var source = await redis.OwnerAsync(first);
        var others = new List<RedisServer>();
        for (var slot = 0; slot < Slots; slot += Slots / 64)
        {
            if (await redis.OwnerAsync(slot) is var owner && owner != source && !others.Contains(owner))
            {
                others.Add(owner);
            }
        }

        var target = others[random.Next(others.Count)];
        var last = first + random.Next(MaxMoved);
        await story.FaultAsync(
            kind,
            $"slots {first} to {last} to {Name(target)}",
            () => redis.ReshardAsync(first, last, target),
            async () => Expect(Name(target), Name(await redis.OwnerAsync(first))),
            redis.RestAsync // A replica that does not know yet would claim them in a TAKEOVER.
        );
    }

    /// <summary>Too short for the other masters, long enough for requests to feel it.</summary>
    private async Task FreezeShortlyAsync(string kind)
    {
        var master = await redis.OwnerAsync(random.Next(Slots));
        await story.FaultAsync(
            kind,
            Name(master),
            () =>
            {
                master.Process.Stop();
                return Task.CompletedTask;
            },
            () => Task.Delay(ShortOfFailover * random.NextDouble()),
            async () =>
            {
                master.Process.Continue();
                await redis.RestAsync();
            }
        );
    }

    private async Task KillNodeAsync(string kind)
    {
        var node = nodes.Nodes[random.Next(nodes.Nodes.Count)];
        await story.FaultAsync(
            kind,
            node.Name,
            FaultLayer.Node,
            node.Kill9Async,
            () => story.GoOnAsync(random.Next(50, 300)),
            node.StartAgainAsync,
            restarted: node.Name
        );
    }

    private static void Expect(string expected, string actual)
    {
        if (actual != expected)
        {
            throw new InvalidOperationException($"Expected {expected}: {actual}");
        }
    }

    private static string Name(RedisServer server) =>
        string.Create(CultureInfo.InvariantCulture, $"the server on port {server.Port}");
}
