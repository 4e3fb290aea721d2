using ClusterSession.MacroBenchmarks.Application;
using ClusterSession.MacroBenchmarks.Comparison;
using ClusterSession.MacroBenchmarks.Load;
using ClusterSession.MacroBenchmarks.Servers;

namespace ClusterSession.MacroBenchmarks.Measures;

/// <summary>What a node does with sessions that it has never seen.</summary>
/// <param name="Title">Which variant.</param>
/// <param name="ReadsForOne">Store reads that the concurrent first requests of one session caused.</param>
/// <param name="Requests">How many they were.</param>
/// <param name="Sessions">Different sessions taken over after that.</param>
/// <param name="Seconds">How long that took.</param>
/// <param name="Reads">Store reads it took.</param>
internal sealed record ColdNodeFigures(string Title, long ReadsForOne, int Requests, int Sessions, double Seconds, long Reads);

/// <summary>Sessions are made on one node, and asked for on another that has none of them.</summary>
internal static class ColdNodeMeasure
{
    private const int AtOnce = 200;
    private const int WarmUpSessions = 2_000;

    public static async Task<List<ColdNodeFigures>> RunAsync(string workDirectory, Action<string> say)
    {
        var results = new List<ColdNodeFigures>();
        foreach (var variant in (string[])[Variants.ClusterSessionRedis, Variants.AddSessionRedis])
        {
            var figures = await RunAsync(variant, workDirectory);
            results.Add(figures);
            say($"  {figures.Title}: {figures.ReadsForOne} reads for {figures.Requests} first requests of one session; {figures.Sessions:N0} sessions in {figures.Seconds:N2} s");
        }

        return results;
    }

    private static async Task<ColdNodeFigures> RunAsync(string variant, string workDirectory)
    {
        const int Sessions = 10_000;
        await using var target = await DotNetTarget.StartAsync(variant, workDirectory, nodes: 2);
        int[] warm = [target.Ports[0]], cold = [target.Ports[1]];

        // The code of the cold node is warm: what is measured is sessions, not the JIT. Its warm-up has sessions of its own.
        var others = await SeedAsync(warm, WarmUpSessions);
        (await LoadGenerator.RunAsync(new LoadPlan(cold, others, Work.RoundRobin("/read", WarmUpSessions)) { Duration = TimeSpan.FromSeconds(2) })).OrThrow("warm-up");

        var clients = await SeedAsync(warm, Sessions + 1);
        var before = await ReadsAsync(target);
        (await LoadGenerator.RunAsync(new LoadPlan(cold, clients, Work.Repeated("/read", Sessions, AtOnce)) { Connections = AtOnce })).OrThrow("cold node");
        var afterOne = await ReadsAsync(target);
        var all = (await LoadGenerator.RunAsync(new LoadPlan(cold, clients, Work.Once("/read", Sessions)))).OrThrow("cold node");
        var afterAll = await ReadsAsync(target);
        return new ColdNodeFigures(target.Title, afterOne - before, AtOnce, Sessions, all.Elapsed.TotalSeconds, afterAll - afterOne);
    }

    private static async Task<Clients> SeedAsync(int[] ports, int sessions)
    {
        var clients = new Clients(sessions);
        (await LoadGenerator.RunAsync(new LoadPlan(ports, clients, Work.Once("/seed/" + SessionProfile.Small.Name, sessions)))).OrThrow("making sessions");
        return clients;
    }

    /// <summary>Commands that read a session: HGETALL and the reading script, or the HMGET of a distributed cache.</summary>
    private static async Task<long> ReadsAsync(DotNetTarget target) => await target.Redis!.CallsAsync("hgetall") + await target.Redis.CallsAsync("hmget");
}
