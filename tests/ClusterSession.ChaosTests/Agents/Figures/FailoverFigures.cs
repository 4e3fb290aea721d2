using System.Diagnostics;
using System.Globalization;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Agents.Figures;

/// <summary>
/// How long a failover takes under 2,000 writes a second and two nodes with sessions. The figures
/// of 20 of each kind are in docs/guarantees.md.
/// </summary>
internal sealed class FailoverFigures(ITestOutputHelper output)
{
    private const int WritesPerSecond = 2000;

    /// <summary>The process of the master is killed, and its host refuses connections.</summary>
    public async Task KillAsync(AgentSiteOptions options)
    {
        await using var site = await AgentSite.StartAsync(options);
        await MeasureAsync(site, "kill -9", old => old.KillRedisAsync());
    }

    /// <summary>It is stopped, and its host accepts connections.</summary>
    public async Task FreezeAsync(AgentSiteOptions options)
    {
        await using var site = await AgentSite.StartAsync(options);
        await MeasureAsync(site, "SIGSTOP", old =>
        {
            old.Redis.Process.Stop();
            return Task.CompletedTask;
        });
    }

    /// <summary>Its host is cut off from all other hosts, with its agent.</summary>
    public async Task CutOffAsync(AgentSiteOptions options)
    {
        await using var net = await SplitBrainNet.CreateAsync(3);
        await using var site = await AgentSite.StartAsync(options with { Hosts = net.Hosts });
        await MeasureAsync(site, "link down", old => CutAsync(net, site.IndexOf(old)), net.HealAsync);
    }

    /// <summary>
    /// A process that is killed may have acknowledged what it had not sent to its replica yet: its
    /// last moment. What is older was at the replica, and is not to be missing.
    /// </summary>
    private static string Latest(FencedWriters writers, IReadOnlyList<FencedWriters.Write> missing)
    {
        if (missing.Count == 0)
        {
            return "";
        }

        var last = writers
            .Accepted.GroupBy(write => write.RunId)
            .ToDictionary(process => process.Key, process => process.Max(write => write.At));
        var oldest = missing.Max(write => last[write.RunId] - write.At);
        return string.Create(
            CultureInfo.InvariantCulture,
            $" (the oldest was {oldest * 1000.0 / Stopwatch.Frequency:0.0} ms before the last of its process)"
        );
    }

    /// <summary>
    /// The links of a host are cut one after the other: first the one over which writes are
    /// acknowledged, so that none is acknowledged that could not reach the replica.
    /// </summary>
    private static async Task CutAsync(SplitBrainNet net, int host)
    {
        const int Third = 2;
        await net.CutAsync(host, Third);
        await net.PartitionAsync(host);
    }

    private async Task MeasureAsync(AgentSite site, string fault, Func<SiteMember, Task> cause, Func<Task>? heal = null)
    {
        var times = new FailoverTimes();
        await AgentScenario.TellAsync(output, site, site.ThroughHaProxy, [fault], async story =>
        {
            await using var writers = FencedWriters.Start(site.Address, "figures", WritesPerSecond);
            var missing = new HashSet<FencedWriters.Write>();
            for (var i = 0; i < Story.LongRuns; i++)
            {
                await writers.AcceptedAsync(WritesPerSecond);
                await story.FaultAsync(fault, site, old =>
                    times.WatchAsync(old, site.Other(old), writers, () => cause(old))
                );
                await writers.AcceptedAsync(WritesPerSecond / 2);

                // Now, before anybody else follows the new master: what it lacks it lacked when it
                // was promoted.
                var lacked = (await writers.MissingAsync(await site.MasterAsync())).Except(missing).ToArray();
                if (lacked.Length > 0)
                {
                    output.WriteLine(
                        $"failover {i}: the new master lacks {lacked.Length} writes{Latest(writers, lacked)}"
                    );
                    missing.UnionWith(lacked);
                }

                if (times.IsSlow)
                {
                    output.WriteLine(
                        $"failover {i} was slow:{Environment.NewLine}{site.Logs()}{Environment.NewLine}voter:"
                            + $"{Environment.NewLine}{site.Voter.Output}"
                    );
                }

                await (heal?.Invoke() ?? Task.CompletedTask);
                await site.BringBackAsync();
            }

            await writers.StopAsync();
            var inTheEnd = await writers.MissingAsync(await site.MasterAsync());
            Assert.Empty(inTheEnd.Except(missing)); // Nothing that a promoted one had was lost by those that followed.
            output.WriteLine(
                $"{fault}, {Story.LongRuns} times, {writers.Accepted.Count} writes accepted, "
                    + $"{missing.Count} of them were lacked by a promoted one, {writers.Refused} refused by the fence"
            );
            output.WriteLine(times.ToString());
        });
    }
}
