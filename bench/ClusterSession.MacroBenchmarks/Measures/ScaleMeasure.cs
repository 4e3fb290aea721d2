using System.Diagnostics;
using System.Security.Cryptography;
using ClusterSession.Http.Cookies;
using ClusterSession.MacroBenchmarks.Application;
using ClusterSession.MacroBenchmarks.Comparison;
using ClusterSession.MacroBenchmarks.Load;
using ClusterSession.MacroBenchmarks.Servers;
using ClusterSession.Sessions;
using ClusterSession.Sessions.Copies;
using ClusterSession.Sessions.Opening;
using ClusterSession.Stores;
using Microsoft.Extensions.DependencyInjection;

namespace ClusterSession.MacroBenchmarks.Measures;

/// <summary>Figures for one number of sessions.</summary>
internal sealed record ScaleFigures(int Sessions, Figure OpenNanoseconds, double BytesEach, double PayloadBytes, double TotalMiB, double? RequestCpu, double? ResidentMiB);

/// <summary>
/// What the number of sessions on a node costs: opening one of them at random, in this process (cookie to attribute, nothing else) and as
/// requests; and the memory of the local copies.
/// </summary>
internal static class ScaleMeasure
{
    private const int Opens = 1 << 19;

    public static async Task<List<ScaleFigures>> RunAsync(string workDirectory, ComparisonSettings settings, Action<string> say)
    {
        int[] numbers = [1_000, 10_000, 100_000, 1_000_000];
        var results = new List<ScaleFigures>();
        foreach (var number in numbers)
        {
            var (open, each, payload, total) = MeasureCopies(number);
            double? cpu = null, resident = null;
            if (!settings.IsQuick || number <= 10_000)
            {
                (cpu, resident) = await MeasureRequestsAsync(number, workDirectory, settings);
            }

            results.Add(new ScaleFigures(number, open, each, payload, total, cpu, resident));
            say($"  {number,9:N0} sessions: open {open.Median,5:N0} ns, {each:N0} bytes each ({payload:N0} of payload), {total:N0} MiB, request {cpu:N1} us, resident {resident:N0} MiB");
        }

        return results;
    }

    private static (Figure Open, double BytesEach, double PayloadBytes, double TotalMiB) MeasureCopies(int number)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddClusterSession(options =>
        {
            options.LocalCopies.MaxCount = 10_000_000;
            options.LocalCopies.MaxBytes = 8L << 30;
        });
        using var provider = services.BuildServiceProvider();
        var copies = provider.GetRequiredService<LocalCopies>();
        var opener = provider.GetRequiredService<SessionOpener>();
        using var random = RandomNumberGenerator.Create();
        var ring = new SessionKeyRing([SessionKeyRing.NewKey(random, DateTimeOffset.UnixEpoch)]);
        var clock = new HybridClock(TimeProvider.System, HybridClock.NewWriter(random));

        var cookies = new string[number];
        var keys = new SessionKey[number];
        var versions = new SessionVersion[number];
        for (var i = 0; i < number; i++)
        {
            var id = SessionId.New(random);
            versions[i] = clock.Next();
            keys[i] = SessionKey.Of(id);
            cookies[i] = ".ClusterSession=" + SessionCookie.Write(id, versions[i], ring.Keys[0]);
        }

        var values = SessionProfile.Small.NewValues().Select(value => (Name: System.Text.Encoding.UTF8.GetBytes(value.Name), value.Value)).ToArray();
        var payload = values.Sum(value => value.Name.Length + value.Value.Length);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < number; i++)
        {
            using var builder = SessionRecordBuilder.Rent();
            builder.SetHeader(0, DateTimeOffset.UnixEpoch);
            builder.AddLineage(versions[i]);
            foreach (var (name, value) in values)
            {
                builder.Add(name, versions[i], 0, value);
            }

            copies.Publish(keys[i], builder.Build(), SessionLease.Always, copies.Mark(keys[i]), copies.Clock.Now);
        }

        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        if (copies.Count != number)
        {
            throw new InvalidOperationException($"{copies.Count} of {number} copies are there.");
        }

        return (MeasureOpen(cookies, ring, opener), (double)bytes / number, payload, bytes / 1024.0 / 1024);
    }

    private static Figure MeasureOpen(string[] cookies, SessionKeyRing ring, SessionOpener opener)
    {
        var random = new Random(1);
        var order = new int[Opens];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = random.Next(cookies.Length);
        }

        var passes = new List<double>();
        for (var pass = 0; pass < 7; pass++)
        {
            var found = 0;
            var start = Stopwatch.GetTimestamp();
            foreach (var i in order)
            {
                var header = new CookieValues(cookies[i], ".ClusterSession");
                header.MoveNext();
                var cookie = SessionCookie.Read(header.Current, ring);
                if (opener.TryOpenLocal(SessionKey.Of(cookie.Id), cookie.Seen, out var copy) && copy.Record.TryFind(SessionProfile.Read, out var attribute))
                {
                    found += attribute.Exists ? 1 : 0;
                }
            }

            var elapsed = Stopwatch.GetElapsedTime(start);
            if (found != order.Length)
            {
                throw new InvalidOperationException($"{found} of {order.Length} sessions were found.");
            }

            if (pass > 1)
            {
                passes.Add(elapsed.TotalNanoseconds / order.Length); // The first two are the JIT's.
            }
        }

        return Figure.Of(passes);
    }

    private static async Task<(double Cpu, double ResidentMiB)> MeasureRequestsAsync(int number, string workDirectory, ComparisonSettings settings)
    {
        await using var target = await DotNetTarget.StartAsync(Variants.ClusterSessionRedis, workDirectory);
        var requests = new RequestClass("scale", SessionProfile.Small, number, Work.Uniform("/read", number, RequestClass.Seed));
        var clients = await MacroComparison.SeedAsync(target, requests);
        var plan = new LoadPlan(target.Ports, clients, requests.Work);
        (await LoadGenerator.RunAsync(plan with { Duration = settings.WarmUp * 2 })).OrThrow("scale");
        var samples = new List<double>();
        for (var round = 0; round < 5; round++)
        {
            var before = await target.UsageAsync();
            var done = (await LoadGenerator.RunAsync(plan with { Duration = settings.Closed })).OrThrow("scale");
            samples.Add((await target.UsageAsync() - before).CpuMicroseconds / done.Requests);
        }

        return (Figure.Of(samples).Median, ProcessCpu.ResidentMiB(target.Nodes[0].Pid));
    }
}
