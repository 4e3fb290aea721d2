using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Tracking;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>
/// An address that keepalived moves to the master, and what people get wrong with it: each member
/// on a host of its own, the voter on a third, the nodes on this machine.
/// </summary>
public sealed class KeepalivedTests(ITestOutputHelper output)
{
    [KeepalivedFact]
    public Task Master_killed_behind_an_address_that_moves_is_replaced_and_nothing_is_lost() =>
        TellAsync("kill -9", (_, _, old) => old.KillRedisAsync());

    [KeepalivedFact]
    public Task Redis_that_hangs_loses_its_address_though_keepalived_is_well() => TellAsync("SIGSTOP", (_, _, old) =>
        {
            old.Redis.Process.Stop();
            return Task.CompletedTask;
        });

    /// <summary>
    /// Nobody tells its keepalived to give the address up. If the next master is there before its
    /// file is old, both hosts have the address until the former one hears of the higher number.
    /// </summary>
    [KeepalivedFact(isLong: true)]
    public Task Master_whose_agent_is_killed_loses_its_address_to_the_next_one() =>
        TellAsync("agent killed", (_, _, old) => old.KillAgentAsync(), isToldOf: false);

    [KeepalivedFact]
    public Task Planned_switch_moves_the_address_and_loses_nothing() =>
        TellAsync("switch", (_, site, old) => SwitchAsync(old, site.Other(old)));

    [KeepalivedFact(isLong: true)]
    public Task Host_cut_off_with_its_address_is_replaced_and_nothing_is_lost() =>
        TellAsync("link down", (net, site, old) => net.PartitionAsync(site.IndexOf(old)));

    [KeepalivedFact(isLong: true)]
    public async Task Address_of_a_dead_agent_goes_to_the_next_master_and_does_not_come_back()
    {
        await using var net = await SplitBrainNet.CreateAsync(3);
        await using var site = await StartAsync(net);
        var old = await site.MasterAsync();
        var (from, to) = (site.IndexOf(old), site.IndexOf(site.Other(old)));
        await old.KillAgentAsync();
        await site.Virtual.AwaitAsync(to);
        await site.Virtual.AwaitAsync(from, isThere: false);
        Assert.Equal(200, await site.Other(old).GetAsync("/primary"));

        // The next master's host is silent. What the dead agent left behind is a number, and old.
        Assert.NotEqual(TrackFile.NoMaster, await site.TrackedAsync(old));
        await site.Virtual.LooksAgainAsync(from);
        var arrivals = site.Virtual.Arrivals(from);
        await site.Virtual.KillKeepalivedAsync(to);
        await site.Virtual.LooksAgainAsync(from);
        Assert.Equal(arrivals, site.Virtual.Arrivals(from));
    }

    /// <summary>What a lease after 250 others meets: a number above its own.</summary>
    [KeepalivedFact]
    public async Task Higher_number_of_a_dead_agent_loses_the_address_by_its_age()
    {
        await using var net = await SplitBrainNet.CreateAsync(3);
        await using var site = await StartAsync(net);
        var old = await site.MasterAsync();
        var (from, to) = (site.IndexOf(old), site.IndexOf(site.Other(old)));
        await old.KillAgentAsync();
        await site.TrackAsync(old, TrackFile.Values);
        await site.Virtual.AwaitAsync(to);
        await site.Virtual.AwaitAsync(from, isThere: false);
        Assert.InRange(await site.TrackedAsync(site.Other(old)), 1, TrackFile.Values - 1);
        Assert.Equal(TrackFile.Values, await site.TrackedAsync(old));
        Assert.Empty(site.Virtual.OnBoth());
    }

    [KeepalivedFact]
    public async Task Agent_that_is_stopped_gives_the_address_away()
    {
        await using var net = await SplitBrainNet.CreateAsync(3);
        await using var site = await StartAsync(net);
        var old = await site.MasterAsync();
        await old.Agent.TerminateAsync();
        await site.Virtual.AwaitAsync(site.IndexOf(old), isThere: false);
        Assert.Equal(TrackFile.NoMaster, await site.TrackedAsync(old));
        await site.Virtual.AwaitAsync(site.IndexOf(site.Other(old)));
    }

    [KeepalivedFact]
    public async Task Keepalived_that_is_killed_leaves_the_address_where_the_master_is()
    {
        await using var net = await SplitBrainNet.CreateAsync(3);
        await using var site = await StartAsync(net);
        var old = await site.MasterAsync();
        var next = site.Other(old);
        var (from, to) = (site.IndexOf(old), site.IndexOf(next));
        await using var writers = FencedWriters.Start(site.Address, "behind");
        await writers.AcceptedAsync();

        await site.Virtual.KillKeepalivedAsync(from);
        await site.Virtual.LooksAgainAsync(to);
        await writers.AcceptedAsync();
        Assert.True(await site.Virtual.IsAtAsync(from), "a keepalived that is killed takes nothing away");
        Assert.False(
            await site.Virtual.IsAtAsync(to),
            "no other host takes the address while this one is the master's"
        );

        // Now both have it, and clients are led to the master by gratuitous ARP.
        await old.KillRedisAsync();
        await site.Virtual.AwaitAsync(to);
        Assert.True(await site.Virtual.IsAtAsync(from));
        var before = writers.Accepted.Count;
        await writers.AcceptedAsync();
        var runId = writers.Accepted.First().RunId;
        Assert.All(writers.Accepted.Skip(before + 1), write => Assert.NotEqual(runId, write.RunId));

        // Its unit starts it again, and removes the address before; it does so itself as well.
        await site.Virtual.StartKeepalivedAsync(from);
        await site.Virtual.AwaitAsync(from, isThere: false);
        await writers.AcceptedAsync();
    }

    [KeepalivedFact(isLong: true)]
    public async Task Host_that_returns_has_no_address_before_it_is_the_master()
    {
        await using var net = await SplitBrainNet.CreateAsync(3);
        await using var site = await StartAsync(net);
        var old = await site.MasterAsync();
        var next = site.Other(old);
        var (from, to) = (site.IndexOf(old), site.IndexOf(next));
        await site.Virtual.StopKeepalivedAsync(from);
        await old.KillRedisAsync();
        await old.KillAgentAsync();
        await site.Virtual.AwaitAsync(to);

        // It is back, and the first that runs is keepalived; nobody else sends adverts.
        await site.Virtual.KillKeepalivedAsync(to);
        var arrivals = site.Virtual.Arrivals(from);
        await site.Virtual.StartKeepalivedAsync(from);
        await site.Virtual.LooksAgainAsync(from);
        await old.StartRedisAsync();
        await site.Virtual.LooksAgainAsync(from);
        await site.BringBackAsync();
        await site.Virtual.LooksAgainAsync(from);
        Assert.Equal(200, await old.GetAsync("/replica"));
        Assert.Equal(arrivals, site.Virtual.Arrivals(from));

        // As the master it gets it.
        await site.Virtual.StartKeepalivedAsync(to);
        await site.Virtual.AwaitAsync(to);
        await SwitchAsync(next, old);
        await site.Virtual.AwaitAsync(from);
        Assert.Equal(200, await old.GetAsync("/primary"));
        Assert.Empty(site.Virtual.OnBoth());
    }

    /// <summary>
    /// Hosts that are swapping: the script takes 3 s, and is to run every second.
    /// </summary>
    [KeepalivedFact(isLong: true)]
    public async Task Check_that_is_slower_than_its_interval_takes_no_address_away_and_holds_up_no_move()
    {
        await using var net = await SplitBrainNet.CreateAsync(3);
        await using var site = await StartAsync(net);
        var old = await site.MasterAsync();
        var (from, to) = (site.IndexOf(old), site.IndexOf(site.Other(old)));
        await site.Virtual.AwaitAsync(from);
        var moves = site.Virtual.Moves().Count;
        await site.Virtual.DelayScriptAsync(from, seconds: 3);
        await site.Virtual.DelayScriptAsync(to, seconds: 3);
        await site.Virtual.LooksAgainAsync(from);
        await site.Virtual.LooksAgainAsync(to);
        Assert.Equal(moves, site.Virtual.Moves().Count);
        Assert.True(await site.Virtual.IsAtAsync(from));

        var killed = DateTimeOffset.Now;
        await old.KillRedisAsync();
        await site.Virtual.AwaitAsync(to);
        Assert.False(await site.Virtual.IsAtAsync(from));
        var moved = site.Virtual.Moves()[^1].At - killed;
        output.WriteLine($"the address moved {moved.TotalMilliseconds:0} ms after the kill");
        Assert.Empty(site.Virtual.OnBoth());

        // And with an agent that is dead: by the number of the next master.
        await site.BringBackAsync();
        await site.Other(old).KillAgentAsync();
        await site.Virtual.AwaitAsync(from);
        await site.Virtual.AwaitAsync(to, isThere: false);
        Assert.Equal(200, await old.GetAsync("/primary"));
        output.WriteLine($"both hosts had the address {site.Virtual.OnBoth().Count} times");
    }

    private static Task<AgentSite> StartAsync(SplitBrainNet net) =>
        AgentSite.StartAsync(new AgentSiteOptions { Hosts = net.Hosts, HasKeepalived = true });

    private static async Task SwitchAsync(SiteMember master, SiteMember next)
    {
        var answer = await master.CommandAsync(new CommandRequest("switch", next.Name));
        Assert.True(answer.Accepted, answer.ToString());
    }

    /// <param name="fault">Its name.</param>
    /// <param name="cause">Causes it.</param>
    /// <param name="isToldOf">Whether its agent lives, and tells keepalived of it.</param>
    private async Task TellAsync(
        string fault,
        Func<SplitBrainNet, AgentSite, SiteMember, Task> cause,
        bool isToldOf = true
    )
    {
        await using var net = await SplitBrainNet.CreateAsync(3);
        await using var site = await StartAsync(net);
        var times = new AddressTimes(output, site);
        await AgentScenario.TellAsync(output, site, site.ThroughAddress, [fault], async story =>
        {
            for (var i = 0; i < Story.Times(normally: 2, atLength: 20); i++)
            {
                await story.FaultAsync(fault, site, old => times.WatchAsync(fault, old, () => cause(net, site, old)));
                await story.GoOnAsync();
                await net.HealAsync();
                await site.BringBackAsync();
            }
        });
        var both = site.Virtual.OnBoth();
        output.WriteLine($"both hosts had the address {both.Count} times: {string.Join(", ", both)}");
        Assert.All(both, time => Assert.NotEqual(Timeout.InfiniteTimeSpan, time));
        Assert.True(both.Count == 0 || !isToldOf, "no two hosts have the address where an agent is alive");
    }
}
