using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Histories;
using ClusterSession.TestKit.Servers;

namespace ClusterSession.ChaosTests.AtRandom;

/// <summary>
/// Draws one fault after the other on a Sentinel topology, each healed before the next one: what is
/// promised is promised for one fault at a time.
/// </summary>
/// <remarks>
/// The order and the pauses come from the seed; what the requests between them do comes from it
/// too, but not when they do it, so a seed repeats the plan of a run and not the run.
/// </remarks>
internal sealed partial class RandomFaults(Story story, SentinelCluster redis, ChaosCluster nodes, Random random)
    : IRandomFaults
{
    public IReadOnlyList<string> Kinds { get; } =
    [
        "kill -9",
        "SIGSTOP until another one rules",
        "kill -9 of a master that is ahead",
        "SENTINEL FAILOVER",
        "short freeze",
        "connections reset",
        "node killed",
        "node drained",
        "node drained while a master that is ahead is replaced",
        "eviction",
        "keys deleted",
        "old snapshot",
        "damaged record",
        "clock a year ahead",
        "late replies",
        "writes refused",
        "announcement lost",
        "node frozen while asked",
    ];

    public Task CauseOneAsync(string kind) =>
        kind switch
        {
            "kill -9" => KillMasterAsync(kind),
            "SIGSTOP until another one rules" => FreezeMasterAsync(kind),
            "kill -9 of a master that is ahead" => KillMasterAheadAsync(kind),
            "SENTINEL FAILOVER" => FailoverAsync(kind),
            "short freeze" => FreezeShortlyAsync(kind),
            "connections reset" => ResetAsync(kind),
            "node killed" => RestartNodeAsync(kind, node => node.Kill9Async()),
            "node drained" => RestartNodeAsync(kind, node => node.DrainAsync()),
            "node drained while a master that is ahead is replaced" => DrainMeanwhileAsync(kind),
            "eviction" => EvictAsync(kind),
            "keys deleted" => DeleteAsync(kind),
            "old snapshot" => GoBackAsync(kind),
            "damaged record" => DamageAsync(kind),
            "clock a year ahead" => ShiftClockAsync(kind),
            "late replies" => ReplyLateAsync(kind),
            "writes refused" => RefuseWritesAsync(kind),
            "announcement lost" => LoseAnnouncementsAsync(kind),
            "node frozen while asked" => FreezeAskedAsync(kind),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such fault."),
        };

    private async Task KillMasterAsync(string kind)
    {
        var master = await redis.MasterAsync();
        await story.FaultAsync(
            kind,
            Name(master),
            master.Kill9Async,
            () => redis.NewMasterAsync(master),
            () => RejoinAsync(master)
        );
    }

    private async Task FreezeMasterAsync(string kind)
    {
        var master = await redis.MasterAsync();
        await story.FaultAsync(
            kind,
            Name(master),
            () => Stop(master),
            () => redis.NewMasterAsync(master),
            async () =>
            {
                master.Process.Continue();
                await redis.InSyncAsync();
            }
        );
    }

    private Task KillMasterAheadAsync(string kind) =>
        KillMasterAheadAsync(kind, meanwhile: () => Task.CompletedTask, then: () => Task.CompletedTask, drained: null);

    /// <summary>
    /// To drain a node is no fault: it takes nothing with it, whatever happens to the store.
    /// </summary>
    private Task DrainMeanwhileAsync(string kind)
    {
        var node = nodes.Nodes[random.Next(nodes.Nodes.Count)];
        return KillMasterAheadAsync(kind, node.DrainAsync, node.StartAgainAsync, node.Name);
    }

    private async Task KillMasterAheadAsync(string kind, Func<Task> meanwhile, Func<Task> then, string? drained)
    {
        var master = await redis.MasterAsync();
        ReplicaPauser? pauser = null;
        await story.FaultAsync(
            kind,
            Name(master),
            FaultLayer.Store,
            async () =>
            {
                pauser = await ReplicaPauser.HoldBackAsync(master, await redis.ReplicasAsync());
                var bytes = random.Next(1, 50_000);
                // Or the sentinels, short of processor time, have taken it for dead: then it was
                // deposed while it was ahead, which is as good.
                await Condition.HoldsAsync(
                    async () => await redis.MasterAsync() != master || await pauser.LagBytesAsync() > bytes,
                    "the master is ahead of its replicas"
                );
                await master.Kill9Async();
            },
            async () =>
            {
                await meanwhile();
                await redis.NewMasterAsync(master);
            },
            async () =>
            {
                await pauser!.ReleaseAsync();
                await RejoinAsync(master);
                await then();
            },
            restarted: drained
        );
    }

    private async Task FailoverAsync(string kind)
    {
        var master = await redis.MasterAsync();
        await story.FaultAsync(
            kind,
            Name(master),
            redis.FailoverAsync,
            () => redis.NewMasterAsync(master),
            () => redis.InSyncAsync()
        );
    }

    /// <summary>Too short for the sentinels, long enough for requests to feel it.</summary>
    private async Task FreezeShortlyAsync(string kind)
    {
        var master = await redis.MasterAsync();
        await story.FaultAsync(
            kind,
            Name(master),
            () => Stop(master),
            () => Task.Delay(random.Next(50, 500)),
            async () =>
            {
                master.Process.Continue();
                await Condition.HoldsAsync(
                    async () => await master.CommandAsync("PING") == "PONG",
                    "the master answers again"
                );
                await redis.InSyncAsync();
            }
        );
    }

    private async Task ResetAsync(string kind)
    {
        var master = await redis.MasterAsync();
        var cut = "0";
        await story.FaultAsync(
            kind,
            Name(master),
            async () => cut = await master.CommandAsync("CLIENT", "KILL", "TYPE", "normal"),
            () =>
                cut == "0"
                    ? throw new InvalidOperationException("There was no connection to reset.")
                    : Task.CompletedTask
        );
    }

    private async Task RestartNodeAsync(string kind, Func<ChaosNodeProcess, Task> end)
    {
        var node = nodes.Nodes[random.Next(nodes.Nodes.Count)];
        await story.FaultAsync(
            kind,
            node.Name,
            FaultLayer.Node,
            () => end(node),
            () => story.GoOnAsync(random.Next(50, 300)),
            node.StartAgainAsync,
            restarted: node.Name
        );
    }

    private async Task RejoinAsync(RedisServer server)
    {
        await redis.RejoinAsync(server);
        await redis.InSyncAsync();
    }

    private static Task Stop(RedisServer server)
    {
        server.Process.Stop();
        return Task.CompletedTask;
    }

    private static string Name(RedisServer server) => $"master on port {server.Port}";
}
