using System.Globalization;
using ClusterSession.ChaosTests.Scenarios;
using ClusterSession.Failover.Face;
using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>What happens to the Redis of the master, behind HAProxy.</summary>
public sealed class MasterFaultTests(SharedAgentSite shared, ITestOutputHelper output)
    : IClassFixture<SharedAgentSite>,
        IAsyncLifetime
{
    private const string Kill = "kill -9 of the master";
    private const string Freeze = "SIGSTOP of the master";
    private const string Switch = "planned switch";

    private AgentSite Site => shared.Site;

    public async ValueTask InitializeAsync() => await Site.BringBackAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public Task Master_killed_behind_HAProxy_is_replaced_and_nothing_is_lost() => TellAsync([Kill], async story =>
        {
            for (var i = 0; i < Story.Times(normally: 1, atLength: 10); i++)
            {
                await story.FaultAsync(Kill, Site, old => old.KillRedisAsync());
                await story.GoOnAsync();
                await Site.BringBackAsync();
            }
        });

    [Fact]
    public Task Two_masters_killed_in_turn_lose_nothing() => TellAsync([Kill], async story =>
        {
            var first = await Site.MasterAsync();
            var second = await story.FaultAsync(Kill, Site, old => old.KillRedisAsync());
            await story.GoOnAsync();
            await Site.BringBackAsync();
            Assert.Same(first, await story.FaultAsync(Kill, Site, old => old.KillRedisAsync()));
            Assert.NotSame(first, second);
        });

    [Fact]
    public Task Frozen_master_takes_nothing_when_it_thaws() => TellAsync([Freeze], async story =>
        {
            for (var i = 0; i < Story.Times(normally: 1, atLength: 10); i++)
            {
                var old = await Site.MasterAsync();
                var runId = await RunIdAsync(old);
                await using var past = FencedWriters.Start(old, $"past-{i}");
                await past.AcceptedAsync();
                var before = await old.RefusedAsync();
                var master = await story.FaultAsync(Freeze, Site, frozen =>
                {
                    frozen.Redis.Process.Stop();
                    return Task.CompletedTask;
                });
                await using var through = FencedWriters.Start(Site.Address, $"through-{i}");
                await through.AcceptedAsync();
                var accepted = past.Accepted.Count;
                old.Redis.Process.Continue();

                // It executes what waited in its sockets, and refuses it.
                await Condition.HoldsAsync(
                    async () => await old.RefusedAsync() > before,
                    "the thawed master has refused something"
                );
                await Site.BringBackAsync();
                await through.StopAsync();
                await past.StopAsync();
                Assert.Equal(accepted, past.Accepted.Count);
                Assert.DoesNotContain(through.Accepted, write => write.RunId == runId);
                Assert.Empty(await through.MissingAsync(master));
                output.WriteLine(
                    $"{await old.RefusedAsync() - before} writes were refused by the thawed master, "
                        + $"{through.Accepted.Count} accepted by {master.Name}; of {accepted} that the old one took "
                        + $"{(await past.MissingAsync(master)).Count} are missing"
                );
            }
        });

    [Fact]
    public async Task Former_master_that_is_started_as_master_by_hand_takes_no_commit()
    {
        var old = await Site.MasterAsync();

        // The nodes know both addresses: the one of the former master leads them astray.
        await AgentScenario.TellAsync(output, Site, Site.PastHaProxy, [Kill], async story =>
        {
            var master = await story.FaultAsync(Kill, Site, async killed =>
            {
                killed.Agent.Stop(); // It would close it again.
                await killed.KillRedisAsync();
            });
            await old.StartRedisAsync();
            Assert.Equal("OK", await old.AskRedisAsync("REPLICAOF", "NO", "ONE"));
            Assert.Equal("OK", await old.AskRedisAsync("ACL", "SETUSER", AgentSite.NodeUser, "on"));
            var data = await old.DataAsync();
            Assert.NotEmpty(data);
            await using var astray = FencedWriters.Start(old, "astray");
            await astray.RefusedAsync();
            await story.GoOnAsync();
            await astray.StopAsync();
            Assert.Empty(astray.Accepted);
            await old.IsUnchangedSinceAsync(data);
            Assert.True(await old.RefusedAsync() >= astray.Refused);
            Assert.Equal(0, await master.RefusedAsync());
            await Site.BringBackAsync();
        });
    }

    [Fact]
    public Task Master_that_is_restarted_empty_wipes_nobody() => TellAsync([Kill], async story =>
        {
            var wiped = await Site.MasterAsync();
            var other = Site.Other(wiped);
            var master = await story.FaultAsync(Kill, Site, async old =>
            {
                await old.KillRedisAsync();
                Directory.Delete(Path.Combine(old.Redis.WorkingDirectory, "appendonlydir"), recursive: true);
                await old.StartRedisAsync();
            });
            Assert.Same(other, master);
            await Site.BringBackAsync();
            Assert.True((await wiped.DataAsync()).Count > 0, "the empty one got the data of the other");
        });

    /// <summary>As after a crash of its host in the middle of a write to the disk.</summary>
    [Fact]
    public Task Master_that_is_restarted_with_a_torn_file_loses_nothing() => TellAsync([Kill], async story =>
        {
            var torn = await Site.MasterAsync();
            var master = await story.FaultAsync(Kill, Site, async old =>
            {
                await old.KillRedisAsync();
                Tear(Path.Combine(old.Redis.WorkingDirectory, "appendonlydir"));
                await old.StartRedisAsync();
            });
            Assert.Same(Site.Other(torn), master);
            await Site.BringBackAsync();
        });

    [Fact]
    public Task Planned_switch_under_load_fails_no_request() => TellAsync([Switch], async story =>
        {
            for (var i = 0; i < Story.Times(normally: 1, atLength: 20); i++)
            {
                await using var through = FencedWriters.Start(Site.Address, $"switch-{i}");
                await through.AcceptedAsync();
                var master = await story.FaultAsync(Switch, Site, SwitchAsync);
                await through.AcceptedAsync();
                await through.StopAsync();
                Assert.Empty(await through.MissingAsync(master));
                output.WriteLine($"the longest pause of accepted writes at the switch: {LongestPause(through)}");
                await Site.BringBackAsync();
            }
        });

    [Fact]
    public async Task Closed_master_has_no_connection_of_a_node_left_though_nodes_are_subscribed()
    {
        var old = await Site.MasterAsync();
        await AgentScenario.TellAsync(output, Site, Site.PastHaProxy, [Switch], async story =>
        {
            Assert.Contains(await ClientsAsync(old), client => !client.Contains(" sub=0 ", StringComparison.Ordinal));
            await story.FaultAsync(Switch, Site, SwitchAsync);
            await Condition.HoldsAsync(
                async () => (await ClientsAsync(old)).Length == 0,
                "the closed Redis has no connection of a node"
            );
            await story.GoOnAsync();
        });
    }

    /// <summary>Cuts the last command in the middle; nothing is longer than its own end.</summary>
    private static void Tear(string directory)
    {
        const int End = 7;
        var last = Directory.GetFiles(directory, "*.incr.aof").Order(StringComparer.Ordinal).Last();
        using var file = File.OpenWrite(last);
        Assert.True(file.Length > End, "the file has a last command");
        file.SetLength(file.Length - End);
    }

    private static async Task<string[]> ClientsAsync(SiteMember member) =>
        [
            .. (await member.AskRedisAsync("CLIENT", "LIST"))
                .Split('\n')
                .Where(client => client.Contains($" user={AgentSite.NodeUser} ", StringComparison.Ordinal)),
        ];

    private static async Task<string> RunIdAsync(SiteMember member) =>
        (await member.AskRedisAsync("INFO", "server"))
            .Split("\r\n")
            .First(line => line.StartsWith("run_id:", StringComparison.Ordinal))["run_id:".Length..];

    private static string LongestPause(FencedWriters writers)
    {
        var times = writers.Accepted.Select(write => write.At).Order().ToArray();
        var longest = times.Zip(times.Skip(1), (from, to) => to - from).Max();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{longest * 1000.0 / System.Diagnostics.Stopwatch.Frequency:0} ms"
        );
    }

    private async Task SwitchAsync(SiteMember master)
    {
        var answer = await master.CommandAsync(new CommandRequest("switch", Site.Other(master).Name));
        Assert.True(answer.Accepted, answer.Refusal?.Reason);
    }

    private Task TellAsync(string[] faults, Func<Story, Task> tell) =>
        AgentScenario.TellAsync(output, Site, Site.ThroughHaProxy, faults, tell);
}
