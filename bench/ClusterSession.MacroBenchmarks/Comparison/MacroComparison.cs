using ClusterSession.MacroBenchmarks.Load;
using ClusterSession.MacroBenchmarks.Results;
using ClusterSession.MacroBenchmarks.Servers;

namespace ClusterSession.MacroBenchmarks.Comparison;

/// <summary>
/// Puts every class of requests on every target, in interleaved rounds: A B C, A B C, ... so that what the machine does meanwhile
/// (it drifts by tens of percent) falls on all of them alike. All targets stay up; the ones that are not asked are idle.
/// </summary>
internal sealed class MacroComparison(IReadOnlyList<ITarget> targets, ComparisonSettings settings, Action<string> say)
{
    public async Task<List<Series>> RunAsync(IReadOnlyList<RequestClass> classes)
    {
        var all = new List<Series>();
        foreach (var requests in classes)
        {
            say($"{requests.Name}: {requests.Sessions:N0} sessions of {requests.Profile.Bytes:N0} bytes");
            all.AddRange(await RunClassAsync(requests));
        }

        return all;
    }

    /// <summary>Makes the sessions of a class on a target.</summary>
    public static async Task<Clients> SeedAsync(ITarget target, RequestClass requests)
    {
        if (!target.HasSessions)
        {
            return Clients.WithForeignCookies(requests.Sessions);
        }

        var clients = new Clients(requests.Sessions);
        var plan = new LoadPlan(target.Ports, clients, Work.Once("/seed/" + requests.Profile.Name, requests.Sessions)) { IsSticky = true };
        (await LoadGenerator.RunAsync(plan)).OrThrow($"Making sessions on {target.Title}");
        return clients;
    }

    private async Task<List<Series>> RunClassAsync(RequestClass requests)
    {
        var series = targets.Select(target => new Series(requests.Name, target.Name, target.Title)).ToList();
        var clients = new Clients?[targets.Count];
        for (var i = 0; i < targets.Count; i++)
        {
            await TryAsync(series[i], async () =>
            {
                clients[i] = await SeedAsync(targets[i], requests);
                await LoadAsync(targets[i], clients[i]!, requests, settings.WarmUp);
            });
        }

        for (var round = 0; round < settings.Rounds; round++)
        {
            for (var i = 0; i < targets.Count; i++)
            {
                await TryAsync(series[i], async () => series[i].Samples.Add(await MeasureAsync(targets[i], clients[i]!, requests)));
            }
        }

        for (var i = 0; i < targets.Count; i++)
        {
            await TryAsync(series[i], async () => series[i].Commands = await CountCommandsAsync(targets[i], clients[i]!, requests));
            say($"  {series[i].Title,-30} {Describe(series[i])}");
        }

        return series;
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

    private async Task<Sample> MeasureAsync(ITarget target, Clients clients, RequestClass requests)
    {
        await LoadAsync(target, clients, requests, settings.WarmUp / 5);
        var before = await target.UsageAsync();
        var closed = await LoadAsync(target, clients, requests, settings.Closed);
        var used = await target.UsageAsync() - before;
        var open = await LoadAsync(target, clients, requests, settings.Open, settings.Rate * requests.RateShare);
        return new Sample(used / closed.Requests, closed.PerSecond, closed.Latency, open);
    }

    private static async Task<LoadResult> LoadAsync(ITarget target, Clients clients, RequestClass requests, TimeSpan duration, double rate = 0)
    {
        var plan = new LoadPlan(target.Ports, clients, requests.Work) { Duration = duration, Rate = rate, IsSticky = target.Ports.Length > 1 };
        return (await LoadGenerator.RunAsync(plan)).OrThrow($"{requests.Name} on {target.Title}");
    }

    /// <summary>Counts the commands of some hundred requests one by one.</summary>
    private static async Task<IReadOnlyDictionary<string, double>?> CountCommandsAsync(ITarget target, Clients clients, RequestClass requests)
    {
        if (target.Redis is null)
        {
            return null;
        }

        // MONITOR repeats each command as text, four times as long; some hundred of 100 KB take it seconds.
        var count = requests.Profile.Bytes > 10_000 ? 50 : 500;
        await using var monitor = await target.Redis.MonitorAsync();
        var work = requests.Work with { Client = requests.Work.Client[..Math.Min(count, requests.Work.Client.Length)], IsEndless = false };
        var done = await LoadGenerator.RunAsync(new LoadPlan(target.Ports, clients, work));
        return (await monitor.StopAsync()).ToDictionary(command => command.Key, command => (double)command.Value / done.Requests);
    }

    private static string Describe(Series series) => series.Failure is { } failure
        ? "failed: " + failure
        : $"{series.Of(sample => sample.Throughput).Median,9:N0} req/s {series.Of(sample => sample.PerRequest.CpuMicroseconds).Median,7:N1} us " +
          $"{Numbers.Text(series.Of(sample => sample.PerRequest.AllocatedBytes)),7} B {Numbers.Text(series.Of(sample => sample.PerRequest.StoreCpuMicroseconds)),6} us store";
}
