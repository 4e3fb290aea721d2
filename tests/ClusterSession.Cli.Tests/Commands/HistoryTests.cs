using ClusterSession.Cli.Shell;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;
using Xunit;

namespace ClusterSession.Cli.Tests.Commands;

public sealed class HistoryTests
{
    private static readonly HistoryStatus History = new(
        "shop",
        [
            new HistoryLine(
                Clusters.Noon,
                8,
                EventKind.Failover,
                "redis-a",
                "redis-b",
                "The Redis of redis-a was not responding.",
                840,
                true
            ),
            new HistoryLine(
                Clusters.Noon + TimeSpan.FromSeconds(9),
                8,
                EventKind.Unmerged,
                null,
                "redis-a",
                null,
                null,
                false
            ),
            new HistoryLine(
                Clusters.Noon + TimeSpan.FromMinutes(3),
                9,
                EventKind.Switch,
                "redis-b",
                "redis-a",
                null,
                190,
                false
            ),
        ]
    );

    [Fact]
    public async Task History_reads_as_its_snapshot()
    {
        await using var agent = await FakeAgent.StartAsync();
        agent.History = History;
        var run = await ToolRun.RunAsync("failover", "history", "--agent", agent.Address);
        Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error));
        await Snapshot.CheckAsync("history", run.Output);
    }

    [Fact]
    public async Task Json_of_history_is_what_the_agent_answers()
    {
        await using var agent = await FakeAgent.StartAsync();
        agent.History = History;
        var run = await ToolRun.RunAsync("failover", "history", "--agent", agent.Address, "--format", "json");
        var first = run.Json.GetProperty("events")[0];
        Assert.Equal(
            ("Failover", 840),
            (first.GetProperty("what").GetString(), first.GetProperty("durationMilliseconds").GetInt32())
        );
    }

    [Fact]
    public async Task Every_kind_of_event_has_a_sentence()
    {
        foreach (var kind in Enum.GetValues<EventKind>())
        {
            await using var agent = await FakeAgent.StartAsync();
            agent.History = new HistoryStatus(
                "shop",
                [new HistoryLine(Clusters.Noon, 8, kind, "redis-a", "redis-b", null, null, false)]
            );
            var run = await ToolRun.RunAsync("failover", "history", "--agent", agent.Address);
            Assert.DoesNotContain($"{kind} redis-b", run.Output, StringComparison.Ordinal);
        }
    }
}
