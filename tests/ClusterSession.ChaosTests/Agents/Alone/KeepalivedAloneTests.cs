using System.Globalization;
using ClusterSession.Redis;
using Xunit;

namespace ClusterSession.ChaosTests.Agents.Alone;

/// <summary>
/// A real keepalived on two hosts, from the generated files, which alone decides who is master.
/// </summary>
public sealed class KeepalivedAloneTests
{
    [KeepalivedFact]
    public async Task Redis_of_the_master_that_is_killed_is_replaced_and_merged_when_it_returns()
    {
        await using var net = await SplitBrainNet.CreateAsync(2);
        await using var site = await AloneSite.StartAsync(net.Hosts);
        await using var address = await StartAsync(net, site);
        var (old, next) = await MasterAsync(site, address);
        await using var store = AloneSide.Store(Behind(address, site));
        await store.StartAsync(new TestKit.Conformance.RecordingObserver(), default);
        var before = await site.CreateAsync(store, 5);
        await site[next].FollowsAsync(site[old]);

        await site[old].Redis.Kill9Async();
        await address.AwaitAsync(next);
        await address.AwaitAsync(old, isThere: false);
        await OpenAsync(site[next]);
        var after = await site.CreateAsync(site[next], 5);
        await site[old].Redis.StartAgainAsync();

        await site[old].FollowsAsync(site[next]);
        await AloneSite.HasAsync(site[next], [.. before, .. after]);
        Assert.True(await address.IsAtAsync(next), "a host that returns stays backup");
        Assert.Empty(address.OnBoth());
    }

    [KeepalivedFact]
    public async Task Both_hosts_rule_while_they_are_cut_off_and_all_sessions_are_at_both_afterwards()
    {
        await using var net = await SplitBrainNet.CreateAsync(2);
        await using var site = await AloneSite.StartAsync(net.Hosts);
        await using var address = await StartAsync(net, site);
        var (first, second) = await MasterAsync(site, address);
        var before = await site.CreateAsync(site[first], 5);
        await site[second].FollowsAsync(site[first]);

        await net.PartitionAsync(0);
        await address.AwaitAsync(second);
        await OpenAsync(site[second]);
        Assert.True(await address.IsAtAsync(first));
        var (onlyFirst, onlySecond) = (await site.CreateAsync(site[first], 3), await site.CreateAsync(site[second], 4));
        await net.HealAsync();

        var (kept, gone) = await MasterAsync(site, address);
        await site[gone].FollowsAsync(site[kept]);
        await AloneSite.HasAsync(site[kept], [.. before, .. onlyFirst, .. onlySecond]);
        Assert.Equal(12, (await site[gone].SessionsAsync()).Count);
    }

    [KeepalivedFact]
    public async Task Notify_command_that_is_killed_is_started_again_by_the_check()
    {
        await using var net = await SplitBrainNet.CreateAsync(2);
        await using var site = await AloneSite.StartAsync(net.Hosts);
        await using var address = await StartAsync(net, site);
        var (master, _) = await MasterAsync(site, address);
        var notice = Directory.GetFiles(site[master].Notices, "notice_*_Master").Single();
        var log = Path.Combine(site[master].Notices, "log");
        var lines = File.ReadAllLines(log).Length;

        Signal.Kill(int.Parse(Path.GetFileName(notice).Split('_')[3], CultureInfo.InvariantCulture));

        await Condition.HoldsAsync(
            () => File.ReadAllLines(log).Skip(lines).Any(line => line.EndsWith("is open.", StringComparison.Ordinal)),
            "another process renews the record of the master",
            TimeSpan.FromSeconds(60)
        );
        Assert.Single(Directory.GetFiles(site[master].Notices, "notice_*"), notice);
        await site.CreateAsync(site[master], 1);
    }

    private static Task<VirtualAddress> StartAsync(SplitBrainNet net, AloneSite site)
    {
        var dotnet = ServerBinary.Find("dotnet");
        return VirtualAddress.StartAsync(
            net.Hosts,
            [site.A.Redis.Port, site.B.Redis.Port],
            "keepalived-alone",
            host =>
                [
                    ("/usr/local/bin/cluster-session", $"{dotnet} exec {AloneSide.Program}"),
                    ("/etc/cluster-session/agents/redis-1.json", site[host].Settings),
                    ("/var/lib/cluster-session/redis-1-notify", site[host].Notices),
                ],
            site.Path
        );
    }

    /// <summary>The only host with the address and an open Redis, and the other one.</summary>
    private static async Task<(int Master, int Other)> MasterAsync(AloneSite site, VirtualAddress address)
    {
        var master = -1;
        await Condition.HoldsAsync(
            async () =>
            {
                bool[] has = [await address.IsAtAsync(0), await address.IsAtAsync(1)];
                master = has[0] ? 0 : 1;
                return has[0] != has[1] && await site[master].IsOpenAsync() && !await site[1 - master].IsOpenAsync();
            },
            "one host has the address, and its Redis alone is open",
            TimeSpan.FromSeconds(60)
        );
        return (master, 1 - master);
    }

    private static Task OpenAsync(AloneSide side) =>
        Condition.HoldsAsync(side.IsOpenAsync, $"{side.Redis.Endpoint} is open", TimeSpan.FromSeconds(60));

    private static string Behind(VirtualAddress address, AloneSite site) =>
        site.A.ConnectionString.Replace(site.A.Redis.Host, address.Address, StringComparison.Ordinal);
}
