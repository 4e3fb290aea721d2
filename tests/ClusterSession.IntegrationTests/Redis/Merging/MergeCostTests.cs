using System.Globalization;
using ClusterSession.Records;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Merging;

public sealed class MergeCostTests(ITestOutputHelper output)
{
    /// <summary>Counted at the servers: no time is asserted.</summary>
    [Fact]
    public async Task Fifty_thousand_sessions_of_which_500_are_ahead_cost_their_headers_and_those_500()
    {
        const int Sessions = 50_000;
        const int Ahead = 500;
        await using var site = await MergeSite.StartAsync();
        var value = new string('v', 500);
        var keys = new List<SessionKey>();
        while (keys.Count < Sessions)
        {
            keys.AddRange(
                await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => site.CreateAsync(site.StoreA, "a", value)))
            );
        }

        await site.PartAsync();
        foreach (var some in keys.Take(Ahead).Chunk(50))
        {
            await Task.WhenAll(some.Select(key => site.CommitAsync(site.StoreA, key, "b", value)));
        }

        var (sourceBefore, targetBefore) = (await CostAsync(site.A), await CostAsync(site.B));
        var report = await site.MergeAsync();
        var source = await CostAsync(site.A) - sourceBefore;
        var target = await CostAsync(site.B) - targetBefore;
        output.WriteLine($"source {source}, target {target}, {report}");
        Assert.Equal(Ahead, report.Merged);
        Assert.InRange(report.Scanned, Sessions, Sessions + 1000);
        Assert.Equal(report.Scanned - Ahead, report.Same);

        // Some of them are of the two stores' heartbeats.
        Assert.InRange(source.Scripts, Ahead, Ahead + 600);
        Assert.InRange(target.Scripts, Ahead, Ahead + 400);
        Assert.InRange(source.BytesOut, 0, (Sessions * 170L) + (Ahead * 3000L)); // A record has more than 1,000 bytes.
        Assert.InRange(target.BytesOut, 0, Sessions * 130L);
        Assert.InRange(target.BytesIn, 0, (Sessions * 60L) + (Ahead * 2500L));
    }

    private static async Task<Cost> CostAsync(RedisServer server)
    {
        var stats = await server.CommandAsync("INFO", "commandstats");
        var scripts = stats
            .Split('\n')
            .Where(static line => line.StartsWith("cmdstat_eval", StringComparison.Ordinal))
            .Sum(static line => long.Parse(line.Split('=', ',')[1], CultureInfo.InvariantCulture));
        return new Cost(
            scripts,
            long.Parse(await server.InfoAsync("stats", "total_net_input_bytes"), CultureInfo.InvariantCulture),
            long.Parse(await server.InfoAsync("stats", "total_net_output_bytes"), CultureInfo.InvariantCulture)
        );
    }

    private sealed record Cost(long Scripts, long BytesIn, long BytesOut)
    {
        public static Cost operator -(Cost after, Cost before) =>
            new(after.Scripts - before.Scripts, after.BytesIn - before.BytesIn, after.BytesOut - before.BytesOut);
    }
}
