using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using ClusterSession.Failover.Coordination;
using Xunit;

namespace ClusterSession.Failover.Tests;

/// <summary>
/// Holders compete for two leases while members are killed and frozen at drawn times. Afterwards:
/// each epoch has one holder, no two held a lease at once by their own counting, and every
/// acknowledged grant is in the document on every member.
/// </summary>
public sealed class NemesisTests(ITestOutputHelper output)
{
    private const int HoldersPerCluster = 3;
    private static readonly string[] Clusters = ["north", "south"];
    private static readonly TimeSpan Ttl = TimeSpan.FromMilliseconds(400);

    private static bool IsLong => Environment.GetEnvironmentVariable("CLUSTERSESSION_LONG") == "1";

    [Fact]
    public async Task Members_that_are_killed_and_frozen_never_let_two_hold_a_lease()
    {
        var seed = Environment.TickCount;
        var duration = TimeSpan.FromSeconds(IsLong ? 240 : 20);
        output.WriteLine($"seed {seed}");
        await using var site = await ProcessSite.StartAsync();
        var spans = new ConcurrentBag<Span>();
        using var stopping = new CancellationTokenSource();
        var holders = Clusters
            .SelectMany(cluster =>
                Enumerable
                    .Range(0, HoldersPerCluster)
                    .Select(i =>
                        HoldAsync(site.Client(i), cluster, $"holder-{i}", new Random(seed + i), spans, stopping.Token)
                    )
            )
            .ToArray();
        var faults = await DisturbAsync(site, new Random(seed), duration);
        await stopping.CancelAsync();
        await Task.WhenAll(holders);

        output.WriteLine($"{faults} faults, {spans.Count} grants");
        Assert.True(spans.Count >= 10, $"seed {seed}: only {spans.Count} grants");
        foreach (var cluster in Clusters)
        {
            Check([.. spans.Where(span => span.Cluster == cluster).OrderBy(span => span.Epoch)], seed);
        }

        // The same directories, now in this process, where the maps can be read.
        for (var i = 0; i < 3; i++)
        {
            await site.KillAsync(i);
        }

        await CoordinationSite.StartAsync(site.Site);
        Assert.All(site.Site.Running, member =>
            Assert.Equal(site.Site[0].Member.Snapshot().ToArray(), member.Member.Snapshot().ToArray())
        );
        foreach (var cluster in Clusters)
        {
            var state = await CoordinatorSteps.ReadAsync(site.Site[0].Coordinator, cluster);
            var recorded = Epochs(state.Document.Span);
            Assert.Equal(recorded.Order(), recorded);
            Assert.Equal(recorded.Length, recorded.Distinct().Count());
            var missing = spans.Where(span => span.Cluster == cluster).Select(span => (int)span.Epoch).Except(recorded);
            Assert.True(
                !missing.Any(),
                $"seed {seed}: {cluster}, epoch {state.Epoch}, has {string.Join(' ', recorded)} and lacks "
                    + string.Join(' ', missing.Order())
            );
        }
    }

    private static void Check(Span[] spans, int seed)
    {
        for (var i = 1; i < spans.Length; i++)
        {
            Assert.True(spans[i - 1].Epoch < spans[i].Epoch, $"seed {seed}: epoch {spans[i].Epoch} was granted twice");
            Assert.True(
                spans[i - 1].Until <= spans[i].From,
                $"seed {seed}: {spans[i - 1]} and {spans[i]} overlap by {spans[i - 1].Until - spans[i].From} ns"
            );
        }
    }

    /// <summary>
    /// Takes the lease, renews it for a while, then releases it or lets it expire.
    /// </summary>
    private static async Task HoldAsync(
        IFailoverCoordinator coordinator,
        string cluster,
        string holder,
        Random random,
        ConcurrentBag<Span> spans,
        CancellationToken stopping
    )
    {
        var clock = coordinator.Clock;
        var ttl = (long)(Ttl.TotalSeconds * clock.TimestampFrequency);
        while (!stopping.IsCancellationRequested)
        {
            if (await coordinator.ReadAsync(cluster) is not ReadResult.Read { State: { IsHeld: false } seen })
            {
                await Task.Delay(random.Next(1, 20));
                continue;
            }

            byte[] document = [.. seen.Document.Span, .. Bytes((int)seen.Epoch + 1)];
            if (
                await coordinator.AcquireAsync(OperationId.New(), cluster, holder, Ttl, seen, document)
                is not AcquireResult.Granted granted
            )
            {
                continue;
            }

            // By its own counting it holds it from the reply until its ttl has passed since it
            // asked.
            var (from, until) = (clock.GetTimestamp(), granted.CountedFrom + ttl);
            for (var renewals = random.Next(8); renewals > 0 && clock.GetTimestamp() < until; renewals--)
            {
                await Task.Delay(random.Next(1, 100));
                if (await coordinator.RenewAsync(cluster, holder, granted.Epoch) is not RenewResult.Renewed renewed)
                {
                    continue;
                }

                until = renewed.CountedFrom + ttl;
            }

            if (random.Next(2) == 0)
            {
                until = Math.Min(until, clock.GetTimestamp());
                await coordinator.ReleaseAsync(OperationId.New(), cluster, holder, granted.Epoch);
            }

            spans.Add(new Span(cluster, holder, granted.Epoch, Math.Min(from, until), until));
        }
    }

    private static async Task<int> DisturbAsync(ProcessSite site, Random random, TimeSpan duration)
    {
        var faults = 0;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < duration; faults++)
        {
            await Task.Delay(random.Next(200, 1500));
            var victim = random.Next(3) > 0 ? await site.LeaderAsync() : random.Next(3);
            if (random.Next(2) == 0)
            {
                await site.KillAsync(victim);
                await Task.Delay(random.Next(0, 1000));
                await site.StartAsync(victim);
            }
            else
            {
                site.Freeze(victim);
                await Task.Delay(random.Next(50, 1500));
                site.Thaw(victim);
            }

            await site.LeaderAsync();
        }

        return faults;
    }

    private static byte[] Bytes(int epoch)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, epoch);
        return bytes;
    }

    private static int[] Epochs(ReadOnlySpan<byte> document)
    {
        var epochs = new int[document.Length / sizeof(int)];
        for (var i = 0; i < epochs.Length; i++)
        {
            epochs[i] = BinaryPrimitives.ReadInt32BigEndian(document[(i * sizeof(int))..]);
        }

        return epochs;
    }

    private sealed record Span(string Cluster, string Holder, long Epoch, long From, long Until);
}
