using ClusterSession.MacroBenchmarks.Load;
using ClusterSession.MacroBenchmarks.Results;
using ClusterSession.MacroBenchmarks.Servers;

namespace ClusterSession.MacroBenchmarks.Comparison;

/// <summary>
/// Puts every class of requests on every target, in interleaved rounds: A B C, C B A, A B C, ... so
/// that what the machine does meanwhile (it drifts by tens of percent) falls on all of them alike.
/// All targets stay up; the ones that are not asked are idle.
/// </summary>
internal sealed class MacroComparison(IReadOnlyList<ITarget> targets, ComparisonSettings settings, Action<string> say)
{
    private readonly HashSet<ITarget> _warm = [];

    public async Task<List<Series>> RunAsync(IReadOnlyList<RequestClass> classes)
    {
        var all = new List<Series>();
        foreach (var group in classes.GroupBy(requests => requests.Beside ?? requests.Name))
        {
            all.AddRange(await RunGroupAsync([.. group]));
        }

        return all;
    }

    /// <summary>
    /// Who makes 100,000 sessions takes half a minute; Tomcat's BackupManager did not in five.
    /// </summary>
    private static readonly TimeSpan SeedingTime = TimeSpan.FromMinutes(2);

    /// <summary>Makes the sessions of a class on a target.</summary>
    public static async Task<Clients> SeedAsync(ITarget target, RequestClass requests)
    {
        if (!target.HasSessions)
        {
            return Clients.WithForeignCookies(requests.Sessions);
        }

        var clients = new Clients(requests.Sessions);
        var plan = new LoadPlan(target.Ports, clients, Work.Once("/seed/" + requests.Profile.Name, requests.Sessions))
        {
            IsSticky = true,
            Duration = SeedingTime,
        };
        var made = (await LoadGenerator.RunAsync(plan)).OrThrow($"Making sessions on {target.Title}");
        return made.Requests == requests.Sessions
            ? clients
            : throw new InvalidOperationException(
                $"{target.Title} made {made.Requests:N0} of {requests.Sessions:N0} sessions in {plan.Duration.TotalMinutes:0} minutes."
            );
    }

    /// <summary>
    /// Classes that are compared with each other are measured one after the other on a target, for
    /// ratios of neighbours in time.
    /// </summary>
    private async Task<List<Series>> RunGroupAsync(IReadOnlyList<RequestClass> classes)
    {
        say(
            string.Join(
                "; ",
                classes.Select(requests =>
                    $"{requests.Name}: {requests.Sessions:N0} sessions of {requests.Profile.Bytes:N0} bytes"
                )
            )
        );
        var runs = new List<Run>();
        foreach (var target in targets)
        {
            foreach (var requests in classes)
            {
                var run = new Run(target, requests, new Series(requests.Name, target.Name, target.Title));
                runs.Add(run);
                await TryAsync(run.Series, async () =>
                {
                    run.Clients = await SeedAsync(target, requests);
                    await LoadAsync(run, _warm.Add(target) ? settings.WarmUp * 3 : settings.WarmUp);
                });
            }
        }

        for (var round = 0; round < settings.Rounds; round++)
        {
            foreach (var run in round % 2 == 0 ? runs : Enumerable.Reverse(runs))
            {
                await TryAsync(run.Series, async () => run.Series.Samples.Add(await MeasureAsync(run)));
            }
        }

        foreach (var run in runs)
        {
            await TryAsync(run.Series, async () => run.Series.Commands = await CountCommandsAsync(run));
            say(
                $"  {run.Series.Title, -30} {(classes.Count > 1 ? $"{run.Requests.Name, -22} " : "")}{Describe(run.Series)}"
            );
        }

        return
        [
            .. classes.SelectMany(requests => runs.Where(run => run.Requests == requests).Select(run => run.Series)),
        ];
    }

    /// <summary>A peer that fails is reported as such, and the others go on.</summary>
    private async Task TryAsync(Series series, Func<Task> action)
    {
        if (series.Failure is not null)
        {
            return;
        }

        try
        {
            await action();
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or TimeoutException)
        {
            series.Failure = e.Message;
            say($"  {series.Title}: {e.Message}");
        }
    }

    private async Task<Sample> MeasureAsync(Run run)
    {
        await LoadAsync(run, settings.WarmUp / 5);
        var before = await run.Target.UsageAsync();
        var closed = await LoadAsync(run, settings.Closed);
        var used = await run.Target.UsageAsync() - before;
        var open = await LoadAsync(run, settings.Open, settings.Rate * run.Requests.RateShare);
        return new Sample(used / closed.Requests, closed.PerSecond, closed.Latency, open);
    }

    private static async Task<LoadResult> LoadAsync(Run run, TimeSpan duration, double rate = 0)
    {
        var ports = run.Target.Ports;
        var plan = new LoadPlan(ports, run.Clients!, run.Requests.Work)
        {
            Duration = duration,
            Rate = rate,
            IsSticky = ports.Length > 1,
        };
        return (await LoadGenerator.RunAsync(plan)).OrThrow($"{run.Requests.Name} on {run.Target.Title}");
    }

    /// <summary>Counts the commands of some hundred requests one by one.</summary>
    private static async Task<IReadOnlyDictionary<string, double>?> CountCommandsAsync(Run run)
    {
        if (run.Target.Redis is null)
        {
            return null;
        }

        // MONITOR repeats each command as text, four times as long; some hundred of 100 KB take it
        // seconds.
        var count = run.Requests.Profile.Bytes > 10_000 ? 50 : 500;
        var all = run.Requests.Work;
        var plan = new LoadPlan(
            run.Target.Ports,
            run.Clients!,
            all with
            {
                Client = all.Client[..Math.Min(count, all.Client.Length)],
                IsEndless = false,
            }
        );
        // Once without counting: the sessions are as old as a touch interval by now, and the one
        // touch that is due for each is no part of its requests.
        await using (var uncounted = await run.Target.Redis.MonitorAsync())
        {
            await LoadGenerator.RunAsync(plan);
            await uncounted.StopAsync();
        }

        await using var monitor = await run.Target.Redis.MonitorAsync();
        var done = await LoadGenerator.RunAsync(plan);
        return (await monitor.StopAsync()).ToDictionary(
            command => command.Key,
            command => (double)command.Value / done.Requests
        );
    }

    private static string Describe(Series series) =>
        series.Failure is { } failure
            ? "failed: " + failure
            : $"{series.Of(sample => sample.Throughput).Median, 9:N0} req/s {series.Of(sample => sample.PerRequest.CpuMicroseconds).Median, 7:N1} us "
                + $"{Numbers.Text(series.Of(sample => sample.PerRequest.Heap.AllocatedBytes)), 7} B {Numbers.Text(series.Of(sample => sample.PerRequest.StoreCpuMicroseconds)), 6} us store";

    private sealed record Run(ITarget Target, RequestClass Requests, Series Series)
    {
        public Clients? Clients { get; set; }
    }
}
