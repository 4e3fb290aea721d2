using System.Globalization;
using ClusterSession.MacroBenchmarks.Application;

namespace ClusterSession.MacroBenchmarks.Servers;

/// <summary>
/// A variant of the ASP.NET Core application on one or more nodes, with a Redis of its own where it
/// needs one.
/// </summary>
internal sealed class DotNetTarget : ITarget
{
    private readonly List<DotNetNode> _nodes = [];

    private DotNetTarget(string variant, MeasuredRedis? redis)
    {
        Name = variant;
        Redis = redis;
    }

    public string Name { get; }

    public string Title => Titles[Name];

    public int[] Ports => [.. _nodes.Select(node => node.Port)];

    public bool HasSessions => Name != Variants.None;

    public MeasuredRedis? Redis { get; }

    public IReadOnlyList<DotNetNode> Nodes => _nodes;

    private static readonly Dictionary<string, string> Titles = new()
    {
        [Variants.None] = "no session",
        [Variants.AddSessionMemory] = "AddSession, memory",
        [Variants.AddSessionRedis] = "AddSession, Redis",
        [Variants.AddSessionRedisOurClient] = "AddSession, Redis, our client",
        [Variants.AddSessionFusionCache] = "AddSession, FusionCache",
        [Variants.ClusterSessionMemory] = "ClusterSession, memory",
        [Variants.ClusterSessionRedis] = "ClusterSession, Redis",
        [Variants.ClusterSessionRedisLocal] = "ClusterSession, Redis, Local",
    };

    public static async Task<DotNetTarget> StartAsync(string variant, string workDirectory, int nodes = 1)
    {
        var directory = Path.Combine(
            workDirectory,
            string.Create(CultureInfo.InvariantCulture, $"{variant}-{nodes}-{Guid.NewGuid():N}")
        );
        var redis = Variants.UsesRedis(variant)
            ? await MeasuredRedis.StartAsync(Path.Combine(directory, "redis"))
            : null;
        var target = new DotNetTarget(variant, redis);
        for (var i = 0; i < nodes; i++)
        {
            target._nodes.Add(
                await DotNetNode.StartAsync(variant, redis?.ConnectionString, Path.Combine(directory, "keys"))
            );
        }

        return target;
    }

    public async Task<Usage> UsageAsync()
    {
        var heap = default(HeapUsage);
        foreach (var node in _nodes)
        {
            heap += await node.HeapUsageAsync();
        }

        var cpu = _nodes.Sum(node => ProcessCpu.Microseconds(node.Pid));
        if (Redis is null)
        {
            return new Usage(cpu, heap, double.NaN, double.NaN, double.NaN, double.NaN);
        }

        var redis = await Redis.UsageAsync();
        return new Usage(cpu, heap, redis.CpuMicroseconds, redis.Calls, redis.BytesIn, redis.BytesOut);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        if (Redis is not null)
        {
            await Redis.DisposeAsync();
        }
    }
}
