using System.Diagnostics;
using System.Globalization;

namespace ClusterSession.MacroBenchmarks.Servers;

/// <summary>One process of <see cref="Application.BenchmarkApplication"/>.</summary>
internal sealed class DotNetNode : IAsyncDisposable
{
    private readonly Process _process;
    private readonly SemaphoreSlim _asking = new(1, 1);

    private DotNetNode(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    public int Pid => _process.Id;

    public static async Task<DotNetNode> StartAsync(string variant, string? redis, string keyDirectory)
    {
        Directory.CreateDirectory(keyDirectory);
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add("exec");
            start.ArgumentList.Add(typeof(DotNetNode).Assembly.Location);
        }

        foreach (
            var argument in (string[])["app", variant, keyDirectory, .. redis is null ? Array.Empty<string>() : [redis]]
        )
        {
            start.ArgumentList.Add(argument);
        }

        // As a web application is run: with the server's garbage collector, and without what the
        // SDK sets for tests.
        start.Environment["DOTNET_gcServer"] = "1";
        start.Environment["DOTNET_gcConcurrent"] = "1";
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync();
        return line?.StartsWith("port ", StringComparison.Ordinal) == true
            ? new DotNetNode(process, int.Parse(line.AsSpan(5), CultureInfo.InvariantCulture))
            : throw new InvalidOperationException($"The application '{variant}' did not start; it said: {line}");
    }

    public async Task<HeapUsage> HeapUsageAsync()
    {
        await _asking.WaitAsync();
        try
        {
            await _process.StandardInput.WriteLineAsync("stats");
            await _process.StandardInput.FlushAsync();
            var line = await _process.StandardOutput.ReadLineAsync()
                ?? throw new InvalidOperationException("The application has ended.");
            var figures = line.Split(' ')
                .Skip(1)
                .Select(figure => double.Parse(figure, CultureInfo.InvariantCulture))
                .ToArray();
            return new HeapUsage(figures[0], figures[1], figures[2], figures[3]);
        }
        finally
        {
            _asking.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
        _asking.Dispose();
    }
}
