using System.Diagnostics;
using System.Globalization;

namespace ClusterSession.MacroBenchmarks.Servers;

/// <summary>bench/peers/express: one process of Node.js, with a Redis of its own.</summary>
internal sealed class ExpressTarget : ITarget
{
    public const string Variant = "express";

    private readonly Process _process;

    private ExpressTarget(Process process, int port, MeasuredRedis redis)
    {
        _process = process;
        Ports = [port];
        Redis = redis;
    }

    public string Name => Variant;

    public string Title => "express-session, Redis";

    public int[] Ports { get; }

    public bool HasSessions => true;

    public MeasuredRedis? Redis { get; }

    /// <summary>Starts it from a directory where <c>npm install</c> has run.</summary>
    public static async Task<ExpressTarget> StartAsync(string application, string workDirectory)
    {
        var redis = await MeasuredRedis.StartAsync(Path.Combine(workDirectory, "express-redis"));
        var start = new ProcessStartInfo("node")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = application,
        };
        start.ArgumentList.Add("app.js");
        start.Environment["NODE_ENV"] = "production";
        start.Environment["REDIS_PORT"] = redis.Port.ToString(CultureInfo.InvariantCulture);
        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync();
        if (line?.StartsWith("port ", StringComparison.Ordinal) != true)
        {
            var error = await process.StandardError.ReadToEndAsync();
            await redis.DisposeAsync();
            throw new InvalidOperationException(
                $"express did not start: {error.Split('\n').FirstOrDefault(text => text.Contains("Error", StringComparison.Ordinal))}"
            );
        }

        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        return new ExpressTarget(process, int.Parse(line.AsSpan(5), CultureInfo.InvariantCulture), redis);
    }

    public async Task<Usage> UsageAsync()
    {
        var redis = await Redis!.UsageAsync();
        return new Usage(
            ProcessCpu.Microseconds(_process.Id),
            HeapUsage.Unknown,
            redis.CpuMicroseconds,
            redis.Calls,
            redis.BytesIn,
            redis.BytesOut
        );
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
        await Redis!.DisposeAsync();
    }
}
