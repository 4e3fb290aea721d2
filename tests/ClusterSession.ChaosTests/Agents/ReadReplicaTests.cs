using ClusterSession.ChaosTests.Scenarios;
using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>Two Redis that may be master, and one that may not.</summary>
public sealed class ReadReplicaTests(ITestOutputHelper output)
{
    private const string Fault = "kill -9 of the master while the candidate is cut off";

    [Fact]
    public async Task What_only_a_read_replica_confirmed_is_there_after_the_failover()
    {
        await using var site = await AgentSite.StartAsync(new AgentSiteOptions { HasReadReplica = true });
        var master = await site.MasterAsync();
        var (candidate, replica) = (site.Other(master), site.Members[2]);
        await AgentScenario.TellAsync(
            output,
            site,
            site.ThroughHaProxy,
            [Fault],
            async story =>
            {
                // The link of the candidate alone is cut: it cannot log in, and its agent sees
                // nothing to do.
                Assert.Equal("OK", await candidate.AskRedisAsync("CONFIG", "SET", "masterauth", "another"));
                await candidate.AskRedisAsync("CLIENT", "KILL", "TYPE", "master");
                await LinkIsAsync(candidate, "down");
                await story.CommitsAsync(200);
                await LinkIsAsync(candidate, "down");
                await LinkIsAsync(replica, "up");
                Assert.True(await OffsetAsync(replica) > await OffsetAsync(candidate), "only the read replica has it");
                Assert.Same(candidate, await story.FaultAsync(Fault, site, old => old.KillRedisAsync()));
                await LinkIsAsync(replica, "up");
            },
            "--ClusterSession:Durability=Replicated"
        );
    }

    private static Task LinkIsAsync(SiteMember member, string status) =>
        Condition.HoldsAsync(
            async () =>
                (await member.AskRedisAsync("INFO", "replication")).Contains(
                    $"master_link_status:{status}",
                    StringComparison.Ordinal
                ),
            $"the link of {member.Name} is {status}"
        );

    private static async Task<long> OffsetAsync(SiteMember member)
    {
        const string Field = "slave_repl_offset:";
        var line = (await member.AskRedisAsync("INFO", "replication"))
            .Split("\r\n")
            .First(line => line.StartsWith(Field, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(Field.Length), System.Globalization.CultureInfo.InvariantCulture);
    }
}
