using System.Diagnostics;
using System.Globalization;
using ClusterSession.MacroBenchmarks.Comparison;
using ClusterSession.MacroBenchmarks.Servers;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Topology.Standalone;

namespace ClusterSession.MacroBenchmarks.Measures;

/// <summary>One line of the comparison of clients.</summary>
/// <param name="Client">What is measured.</param>
/// <param name="OperationsPerSecond">Commands answered.</param>
/// <param name="CpuMicroseconds">Of the client, per command.</param>
/// <param name="AllocatedBytes">By the client, per command.</param>
/// <param name="RedisCpuMicroseconds">Of the server, per command.</param>
/// <param name="RedisCorePercent">How much of the one core that it runs on the server was
/// busy.</param>
/// <param name="RedisCorePossible">
/// How much it could have been at most: client and server share the machine, and where the client
/// needs twice the server's time, two cores that do nothing else keep the server busy for two
/// thirds of one. What is missing to this is what the connection holds back.
/// </param>
internal sealed record ClientFigures(
    string Client,
    Figure OperationsPerSecond,
    Figure CpuMicroseconds,
    Figure AllocatedBytes,
    Figure RedisCpuMicroseconds,
    Figure RedisCorePercent,
    Figure RedisCorePossible
);

/// <summary>
/// GET of 2 KB by 64 callers at once on one connection of this project, against redis-benchmark
/// with 64 connections and no explicit pipelining.
/// </summary>
internal static class RedisClientMeasure
{
    public const string AsArray = "ClusterSession, value as an array";
    public const string InPlace = "ClusterSession, value in place";
    public const string Saturating = "ClusterSession, value in place, 512 callers";
    public const string RedisBenchmark = "redis-benchmark -c 64 -d 2048 -t get";
    private const int Callers = 64;
    private const int ManyCallers = 512;
    private const int ValueBytes = 2048;
    private static readonly byte[] Key = "key:__rand_int__"u8.ToArray(); // as redis-benchmark without -r names it

    public static async Task<List<ClientFigures>> RunAsync(
        string workDirectory,
        ComparisonSettings settings,
        Action<string> say
    )
    {
        var operations = settings.IsQuick ? 200_000 : 500_000;
        await using var redis = await MeasuredRedis.StartAsync(Path.Combine(workDirectory, "client-redis"));
        await using var topology = new StandaloneTopology(
            RedisOptions.Parse(redis.ConnectionString),
            TimeProvider.System,
            new Random(),
            null,
            null
        );
        topology.Start();
        var connection = await topology.GetConnectionAsync(Key, CancellationToken.None);
        await connection.SendAsync(new RedisCommand("SET"u8.ToArray(), Key, new byte[ValueBytes]));

        var runs = new (string Name, Func<Task<Run>> RunAsync)[]
        {
            (AsArray, () =>
                OursAsync(redis, connection, static () => new GetRequest { Key = Key }, Callers, operations)
            ),
            (RedisBenchmark, () => RedisBenchmarkAsync(redis, operations)),
            (InPlace, () => OursAsync(redis, connection, static () => new GetLengthRequest(), Callers, operations)),
            (Saturating, () =>
                OursAsync(redis, connection, static () => new GetLengthRequest(), ManyCallers, operations)
            ),
        };
        var results = runs.Select(run => (run.Name, Runs: new List<Run>())).ToList();
        foreach (var run in runs)
        {
            await run.RunAsync(); // warm-up
        }

        for (var round = 0; round < settings.Rounds; round++)
        {
            for (var i = 0; i < runs.Length; i++)
            {
                results[i].Runs.Add(await runs[i].RunAsync());
            }
        }

        foreach (var (name, done) in results)
        {
            say(
                $"  {name, -43} {Figure.Of(done.Select(run => run.PerSecond)).Median, 9:N0} op/s {Figure.Of(done.Select(run => run.Cpu)).Median, 6:N2} us"
            );
        }

        return
        [
            .. results.Select(result => new ClientFigures(
                result.Name,
                Figure.Of(result.Runs.Select(run => run.PerSecond)),
                Figure.Of(result.Runs.Select(run => run.Cpu)),
                Figure.Of(result.Runs.Select(run => run.Allocated)),
                Figure.Of(result.Runs.Select(run => run.RedisCpu)),
                Figure.Of(result.Runs.Select(run => run.RedisCpu * run.PerSecond / 1e6 * 100)),
                Figure.Of(
                    result.Runs.Select(run =>
                        Math.Min(1, Environment.ProcessorCount * run.RedisCpu / (run.RedisCpu + run.Cpu)) * 100
                    )
                )
            )),
        ];
    }

    private static async Task<Run> OursAsync<T>(
        MeasuredRedis redis,
        RedisConnection connection,
        Func<RedisRequest<T>> newRequest,
        int count,
        int operations
    )
    {
        var callers = Enumerable.Range(0, count).Select(_ => newRequest()).ToArray();
        var redisBefore = (await redis.UsageAsync()).CpuMicroseconds;
        var allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
        var cpuBefore = Environment.CpuUsage.TotalTime;
        var start = Stopwatch.GetTimestamp();
        var each = operations / count;
        await Task.WhenAll(
            callers.Select(request =>
                Task.Run(async () =>
                {
                    for (var i = 0; i < each; i++)
                    {
                        await connection.SendAsync(request).ConfigureAwait(false);
                    }
                })
            )
        );
        var elapsed = Stopwatch.GetElapsedTime(start);
        var cpu = Environment.CpuUsage.TotalTime - cpuBefore;
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - allocatedBefore;
        var redisCpu = (await redis.UsageAsync()).CpuMicroseconds - redisBefore;
        var done = (double)each * count;
        return new Run(done / elapsed.TotalSeconds, cpu.TotalMicroseconds / done, allocated / done, redisCpu / done);
    }

    private static async Task<Run> RedisBenchmarkAsync(MeasuredRedis redis, int operations)
    {
        var before = (await redis.UsageAsync()).CpuMicroseconds;
        // bash's time, because the processor time of a child that has ended can no longer be read.
        var command = string.Create(
            CultureInfo.InvariantCulture,
            $"TIMEFORMAT='cpu %U %S'; time redis-benchmark -h 127.0.0.1 -p {redis.Port} -c {Callers} -d {ValueBytes} -t get -n {operations} --csv"
        );
        var start = new ProcessStartInfo("bash")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(command);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        var redisCpu = (await redis.UsageAsync()).CpuMicroseconds - before;
        var line = (await output)
            .Split('\n')
            .FirstOrDefault(text => text.StartsWith("\"GET\"", StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"redis-benchmark gave no figure: {error}");
        var cpu = error.Split('\n').First(text => text.StartsWith("cpu ", StringComparison.Ordinal)).Split(' ');
        return new Run(
            Number(line.Split(',')[1].Trim('"')),
            (Number(cpu[1]) + Number(cpu[2])) * 1e6 / operations,
            double.NaN,
            redisCpu / operations
        );
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private readonly record struct Run(double PerSecond, double Cpu, double Allocated, double RedisCpu);

    /// <summary>
    /// GET whose value is looked at where it lies, as a session is parsed from its reply.
    /// </summary>
    private sealed class GetLengthRequest : RedisRequest<int>
    {
        public override void WriteTo(ref RespWriter writer)
        {
            writer.WriteCommand("GET"u8, 1);
            writer.WriteBulk(Key);
        }

        protected override int Parse(ref RespReader reader) => reader.Bytes.Length;
    }
}
