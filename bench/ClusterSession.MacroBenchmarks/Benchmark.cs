using System.Runtime.InteropServices;
using ClusterSession.MacroBenchmarks.Application;
using ClusterSession.MacroBenchmarks.Comparison;
using ClusterSession.MacroBenchmarks.Measures;
using ClusterSession.MacroBenchmarks.Results;
using ClusterSession.MacroBenchmarks.Servers;

namespace ClusterSession.MacroBenchmarks;

/// <summary>A whole run: starts what is compared, measures, writes tables and charts.</summary>
internal sealed class Benchmark(BenchmarkOptions options, string command)
{
    private readonly string _work = Path.Combine(
        Path.GetTempPath(),
        "clustersession-benchmark-" + Guid.NewGuid().ToString("N")[..8]
    );
    private readonly ComparisonSettings _settings = ComparisonSettings.For(options);
    private readonly Outcome _outcome = new();

    public async Task RunAsync()
    {
        Directory.CreateDirectory(_work);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            var machine = await Machine.ReadAsync(options.Root, options.WithPeers);
            Say(machine.Describe());
            _outcome.Absent.AddRange(options.Absent);
            await RunPartAsync("comparison", CompareAsync);
            await RunPartAsync("two-nodes", async () =>
                _outcome.TwoNodes = await TwoNodesMeasure.RunAsync(_work, _settings, Say)
            );
            await RunPartAsync("cold-node", async () =>
                _outcome.ColdNode = await ColdNodeMeasure.RunAsync(_work, _settings, Say)
            );
            await RunPartAsync("scale", async () =>
                _outcome.Scale = await ScaleMeasure.RunAsync(_work, _settings, Say)
            );
            await RunPartAsync("client", async () =>
                _outcome.Client = await RedisClientMeasure.RunAsync(_work, _settings, Say)
            );
            await WriteAsync(machine);
        }
        finally
        {
            Directory.Delete(_work, recursive: true);
        }
    }

    /// <summary>Ends at once; the servers end because their input does.</summary>
    private void Stop(PosixSignalContext signal)
    {
        try
        {
            Directory.Delete(_work, recursive: true);
        }
        catch (IOException)
        {
            // A server is still writing its log; what is left lies in the directory for temporary
            // files.
        }

        Environment.Exit(128 + (signal.Signal == PosixSignal.SIGINT ? 2 : 15));
    }

    private static void Say(string line) => Console.WriteLine(line);

    private async Task RunPartAsync(string part, Func<Task> run)
    {
        if (options.Parts.Contains(part))
        {
            Say($"== {part}");
            await run();
        }
    }

    private async Task CompareAsync()
    {
        var targets = new List<ITarget>();
        try
        {
            foreach (var variant in Variants.All.Where(IsAskedFor))
            {
                targets.Add(await DotNetTarget.StartAsync(variant, _work));
            }

            if (options.WithPeers)
            {
                await AddPeerAsync(targets, ExpressTarget.Variant, "express-session, Redis", options.Express, path =>
                    ExpressTarget.StartAsync(path, _work)
                );
                await AddPeerAsync(targets, TomcatTarget.Delta, "Tomcat, DeltaManager", options.Tomcat, path =>
                    TomcatTarget.StartDeltaAsync(path, _work)
                );
                await AddPeerAsync(targets, TomcatTarget.Backup, "Tomcat, BackupManager", options.Tomcat, path =>
                    TomcatTarget.StartBackupAsync(path, _work)
                );
            }

            var classes = RequestClass
                .All(options.IsQuick)
                .Where(known =>
                    options.Classes is null
                    || options.Classes.Any(name => known.Name.StartsWith(name, StringComparison.Ordinal))
                )
                .ToList();
            _outcome.Series = await new MacroComparison(targets, _settings, Say).RunAsync(classes);
        }
        finally
        {
            foreach (var target in targets)
            {
                await target.DisposeAsync();
            }
        }
    }

    private bool IsAskedFor(string variant) => options.Variants?.Contains(variant) ?? true;

    private async Task AddPeerAsync<T>(
        List<ITarget> targets,
        string variant,
        string title,
        string? path,
        Func<string, Task<T>> start
    )
        where T : ITarget
    {
        if (path is null || !IsAskedFor(variant))
        {
            return; // Without a path it is named as absent on the command line, with the reason.
        }

        try
        {
            targets.Add(await start(path));
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or System.ComponentModel.Win32Exception)
        {
            _outcome.Absent.Add((title, e.Message.ReplaceLineEndings(" ")));
            Say($"  {title}: {e.Message}");
        }
    }

    private async Task WriteAsync(Machine machine)
    {
        Directory.CreateDirectory(options.Output);
        var report = MarkdownReport.Write(_outcome, machine, _settings, command, TimeProvider.System.GetUtcNow());
        var path = Path.Combine(options.Output, "results.md");
        await File.WriteAllTextAsync(path, report);
        if (_outcome.Series.Count > 0)
        {
            await File.WriteAllTextAsync(Path.Combine(options.Output, "rounds.csv"), Rounds.Write(_outcome));
        }

        await File.WriteAllTextAsync(Path.Combine(options.Output, "aims.csv"), Rounds.WriteAims(_outcome));
        foreach (var (file, chart) in Charts.Of(_outcome))
        {
            await File.WriteAllTextAsync(Path.Combine(options.Output, file), chart.ToSvg());
        }

        Say($"Results: {path}");
    }
}
