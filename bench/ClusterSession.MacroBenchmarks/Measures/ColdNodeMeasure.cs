using System.Diagnostics;
using ClusterSession.MacroBenchmarks.Application;
using ClusterSession.MacroBenchmarks.Comparison;
using ClusterSession.MacroBenchmarks.Load;
using ClusterSession.MacroBenchmarks.Servers;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Topology.Standalone;

namespace ClusterSession.MacroBenchmarks.Measures;

/// <summary>What a node does with sessions that it has never seen.</summary>
/// <param name="Title">Which variant.</param>
/// <param name="Requests">Concurrent first requests of one session.</param>
/// <param name="ReadsForOne">Store reads that they caused.</param>
/// <param name="Sessions">Different sessions taken over after that.</param>
/// <param name="Seconds">How long that took.</param>
/// <param name="Reads">Store reads it took.</param>
/// <param name="StoreSeconds">The same number of reads of sessions without requests around them, 64
/// at once on one connection.</param>
/// <param name="WarmSeconds">The same requests once more.</param>
internal sealed record ColdNodeFigures(
    string Title,
    int Requests,
    Figure ReadsForOne,
    int Sessions,
    Figure Seconds,
    Figure Reads,
    Figure StoreSeconds,
    Figure WarmSeconds
);

/// <summary>
/// Sessions are made on one node, and asked for on another that has none of them.
/// </summary>
internal static class ColdNodeMeasure
{
    private const int AtOnce = 200;
    private const int Sessions = 10_000;
    private const int WarmUpSessions = 2_000;

    public static async Task<List<ColdNodeFigures>> RunAsync(
        string workDirectory,
        ComparisonSettings settings,
        Action<string> say
    )
    {
        var results = new List<ColdNodeFigures>();
        foreach (var variant in (string[])[Variants.ClusterSessionRedis, Variants.AddSessionRedis])
        {
            var figures = await RunAsync(variant, workDirectory, settings.Rounds);
            results.Add(figures);
            say(
                $"  {figures.Title}: {figures.ReadsForOne.Median} reads for {figures.Requests} first requests of one session; "
                    + $"{figures.Sessions:N0} sessions in {figures.Seconds.Median:N2} s, reads alone {figures.StoreSeconds.Median:N2} s, again {figures.WarmSeconds.Median:N2} s"
            );
        }

        return results;
    }

    private static async Task<ColdNodeFigures> RunAsync(string variant, string workDirectory, int rounds)
    {
        await using var target = await DotNetTarget.StartAsync(variant, workDirectory, nodes: 2);
        int[] warm = [target.Ports[0]],
            cold = [target.Ports[1]];
        await using var topology = new StandaloneTopology(
            RedisOptions.Parse(target.Redis!.ConnectionString),
            TimeProvider.System,
            new Random(),
            null,
            null
        );
        topology.Start();
        var connection = await topology.GetConnectionAsync(Array.Empty<byte>(), CancellationToken.None);

        // The code of the cold node is warm: what is measured is sessions, not the JIT. Its warm-up
        // has sessions of its own.
        var others = await SeedAsync(warm, WarmUpSessions);
        (
            await LoadGenerator.RunAsync(
                new LoadPlan(cold, others, Work.RoundRobin("/read", WarmUpSessions))
                {
                    Duration = TimeSpan.FromSeconds(2),
                }
            )
        ).OrThrow("warm-up");
        await MeasureAsync(target, connection, warm, cold);
        var samples = new List<Round>();
        for (var round = 0; round < rounds; round++)
        {
            samples.Add(await MeasureAsync(target, connection, warm, cold));
        }

        Figure Of(Func<Round, double> value) => Figure.Of(samples.Select(value));
        return new ColdNodeFigures(
            target.Title,
            AtOnce,
            Of(round => round.ReadsForOne),
            Sessions,
            Of(round => round.Seconds),
            Of(round => round.Reads),
            Of(round => round.StoreSeconds),
            Of(round => round.WarmSeconds)
        );
    }

    private static async Task<Round> MeasureAsync(
        DotNetTarget target,
        RedisConnection connection,
        int[] warm,
        int[] cold
    )
    {
        var clients = await SeedAsync(warm, Sessions + 1);
        var before = await ReadsAsync(target);
        (
            await LoadGenerator.RunAsync(
                new LoadPlan(cold, clients, Work.Repeated("/read", Sessions, AtOnce)) { Connections = AtOnce }
            )
        ).OrThrow("cold node");
        var afterOne = await ReadsAsync(target);
        var plan = new LoadPlan(cold, clients, Work.Once("/read", Sessions));
        var first = (await LoadGenerator.RunAsync(plan)).OrThrow("cold node");
        var afterAll = await ReadsAsync(target);
        var again = (await LoadGenerator.RunAsync(plan)).OrThrow("cold node");
        return new Round(
            afterOne - before,
            first.Elapsed.TotalSeconds,
            afterAll - afterOne,
            await ReadAloneAsync(connection),
            again.Elapsed.TotalSeconds
        );
    }

    /// <summary>The limit: the store asked for as many sessions with nothing in between.</summary>
    private static async Task<double> ReadAloneAsync(RedisConnection connection)
    {
        const int Callers = 64;
        var keys = await connection.SendAsync(new SessionKeysRequest());
        var next = -1;
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(
            Enumerable
                .Range(0, Callers)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        while (Interlocked.Increment(ref next) is var i && i < Sessions)
                        {
                            await connection.SendAsync(new HashGetAllRequest(keys[i])).ConfigureAwait(false);
                        }
                    })
                )
        );
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task<Clients> SeedAsync(int[] ports, int sessions)
    {
        var clients = new Clients(sessions);
        (
            await LoadGenerator.RunAsync(
                new LoadPlan(ports, clients, Work.Once("/seed/" + SessionProfile.Small.Name, sessions))
            )
        ).OrThrow("making sessions");
        return clients;
    }

    /// <summary>
    /// Commands that read a session: HGETALL and the reading script, or the HMGET of a distributed
    /// cache.
    /// </summary>
    private static async Task<long> ReadsAsync(DotNetTarget target) =>
        await target.Redis!.CallsAsync("hgetall") + await target.Redis.CallsAsync("hmget");

    private readonly record struct Round(
        double ReadsForOne,
        double Seconds,
        double Reads,
        double StoreSeconds,
        double WarmSeconds
    );
}
