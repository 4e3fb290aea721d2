using System.Text.RegularExpressions;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Operating;
using ClusterSession.Failover.Tests.Simulation;
using Xunit;

namespace ClusterSession.Failover.Tests.Operating;

/// <summary>What a plan says, against what the agents of a simulated cluster then do.</summary>
public sealed class PlanTests
{
    public static TheoryData<string> Situations =>
        ["switch", "failover", "discard", "reinit", "maintenance off", "failover without lease"];

    [Theory]
    [MemberData(nameof(Situations))]
    public void Agents_do_what_the_plan_says(string situation) =>
        SimRun.Tell(
            cluster =>
            {
                var command = Prepare(cluster, situation);
                var before = cluster.World.Story.Count;
                var outcome = cluster.Command(command);
                Assert.True(outcome is PlanResult.Planned, outcome.ToString());
                var plan = (PlanResult.Planned)outcome;
                cluster.RunFor(8);
                var planned = plan.Steps.Select(Done).OfType<string>().ToArray();
                var done = cluster.World.Story.Skip(before).Select(line => Done(line)).OfType<string>().ToArray();
                Assert.NotEmpty(planned);
                foreach (var host in cluster.Hosts)
                {
                    Assert.Equal(
                        planned.Where(step => step.StartsWith(host.Name, StringComparison.Ordinal)),
                        done.Where(step => step.StartsWith(host.Name, StringComparison.Ordinal))
                    );
                }
            },
            SimCluster.ShortWindows with
            {
                NewerDataWait = TimeSpan.FromMinutes(1),
            }
        );

    [Fact]
    public void Plan_of_a_switch_reads_as_an_operator_understands() =>
        SimRun.Tell(cluster =>
        {
            var plan = Assert.IsType<PlanResult.Planned>(cluster.Command(new OperatorCommand.SwitchTo("b")));
            Assert.Equal(
                [
                    "It is written down that a is to hand over to b.",
                    "a records that it is going to close.",
                    "a closes: no more writes, and the application's connections to it end.",
                    "b has everything that a has written.",
                    "a releases the lease of epoch 1, for b to take.",
                    "b takes the lease of epoch 2.",
                    "b stops following and is a master that is closed for now.",
                    "b records that it is going to open.",
                    "b opens: the application connects to it and writes again.",
                    "b records that the change is complete.",
                    "a follows b.",
                    "c leaves the master that it followed.",
                    "c follows b.",
                ],
                plan.Steps.Select(step => step.Sentence)
            );
            Assert.Empty(plan.Warnings);
            Assert.Contains("usually below 0.2 s", plan.Notes[0]);
            Assert.Contains("a takes its place as master back", plan.Notes[0]);
            Assert.StartsWith("Nothing is wiped", plan.Notes[1]);
        });

    [Fact]
    public void Plan_to_end_maintenance_without_its_master_says_what_may_be_lost() =>
        SimRun.Tell(cluster =>
        {
            var plan = Assert.IsType<PlanResult.Planned>(cluster.Command(Prepare(cluster, "maintenance off")));
            Assert.Contains(plan.Warnings, warning =>
                warning.StartsWith("a has data of epoch 1 that nobody else is known to have", StringComparison.Ordinal)
            );
            Assert.Contains(plan.Warnings, warning =>
                warning.Contains("until it was merged", StringComparison.Ordinal)
            );
        });

    [Fact]
    public void Plan_to_end_maintenance_of_a_cluster_that_is_well_warns_of_nothing() =>
        SimRun.Tell(cluster =>
        {
            cluster.Command(new OperatorCommand.MaintenanceOn());
            cluster.RunFor(2);
            var outcome = cluster.Command(new OperatorCommand.MaintenanceOff());
            Assert.Empty(Assert.IsType<PlanResult.Planned>(outcome).Warnings);
        });

    private static OperatorCommand Prepare(SimCluster cluster, string situation)
    {
        var (a, b) = (cluster.Find("a"), cluster.Find("b"));
        switch (situation)
        {
            case "switch":
                return new OperatorCommand.SwitchTo("b");
            case "failover":
                return new OperatorCommand.Failover();
            case "reinit":
                return new OperatorCommand.Reinit("b");
            case "discard":
                cluster.IsMergeRefused = true;
                cluster.KillRedis(a);
                cluster.RunFor(2);
                cluster.StartRedis(a);
                cluster.RunFor(2);
                return new OperatorCommand.Discard("a");
            case "maintenance off":
                cluster.Command(new OperatorCommand.MaintenanceOn());
                cluster.KillRedis(a);
                cluster.RunFor(5);
                return new OperatorCommand.MaintenanceOff();
            default:
                cluster.KillRedis(a);
                cluster.RunFor(2);
                cluster.KillRedis(b);
                cluster.StartRedis(a); // It lacks what b took, and c cannot be master.
                cluster.RunFor(2);
                return new OperatorCommand.Failover("a");
        }
    }

    private static string? Done(PlannedStep step) =>
        step.Decision switch
        {
            Decision.Command { What: RedisAction.Leave what } => $"{step.Member}: follow {what.Next}",
            Decision.Command { What: RedisAction.Follow what } => $"{step.Member}: follow {what.Member}",
            Decision.Command { What: RedisAction.Promote what } => $"{step.Member}: promote {what.Tenure.Epoch}",
            Decision.Command { What: RedisAction.Open what } => $"{step.Member}: open {what.Tenure.Epoch}",
            Decision.Command { What: RedisAction.Close } => $"{step.Member}: close",
            Decision.Acquire { Document.Change.Epoch: var epoch } => $"{step.Member} holds lease {epoch}",
            Decision.Release => $"{step.Member} releases lease",
            _ => null,
        };

    private static string? Done(string told) =>
        Regex.Match(told, "[a-c](: (follow|promote|open|close).*| holds lease [0-9]+| releases lease)")
            is { Success: true } match
            ? match.Value
            : null;
}
