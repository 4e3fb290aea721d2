using ClusterSession.Cli.Shell;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace ClusterSession.Cli.Tests.Commands;

public sealed class ChangeTests
{
    [Theory]
    [InlineData("switch", "redis-b", "switch", "--to", "redis-b")]
    [InlineData("failover", null, "now")]
    [InlineData("failover", null, "failover")]
    [InlineData("maintenance-on", null, "maintenance", "on")]
    [InlineData("maintenance-off", null, "maintenance", "off")]
    [InlineData("reinit", "redis-c", "reinit", "redis-c")]
    [InlineData("discard", "redis-c", "discard", "redis-c")]
    [InlineData("forget", "redis-c", "forget", "redis-c")]
    [InlineData("adopt", null, "adopt")]
    [InlineData("raise-epoch", null, "raise-epoch")]
    public async Task Command_is_planned_first_and_then_given(string command, string? member, params string[] args)
    {
        await using var agent = await FakeAgent.StartAsync();
        var run = await RunAsync(agent, [.. args, "--yes"]);
        Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error));
        Assert.Equal([new CommandRequest(command, member, true), new CommandRequest(command, member)], agent.Commands);
        Assert.Contains("1.  Step one.", run.Output, StringComparison.Ordinal);
        Assert.Contains("Accepted", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plan_shows_steps_and_warnings_and_does_nothing()
    {
        await using var agent = await FakeAgent.StartAsync();
        agent.OnCommand = _ =>
            (
                200,
                new CommandAnswer(
                    true,
                    new CommandPlan(
                        [
                            "It is written down that redis-a is to hand over to redis-b.",
                            "redis-a closes.",
                            "redis-b is opened.",
                        ],
                        ["redis-c is not responding."],
                        ["Nothing is wiped."]
                    )
                )
            );
        var run = await RunAsync(agent, "switch", "--to", "redis-b", "--plan");
        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.All(agent.Commands, command => Assert.True(command.Plan));
        await Snapshot.CheckAsync("switch-plan", run.Output.Replace(agent.Address, "http://agent"));
    }

    [Fact]
    public async Task Json_of_a_plan_keeps_its_names()
    {
        await using var agent = await FakeAgent.StartAsync();
        var run = await RunAsync(agent, "switch", "--to", "redis-b", "--plan", "--format", "json");
        Assert.Equal(ExitCode.Done, run.ExitCode);
        await Snapshot.CheckAsync("switch-plan-json", run.Output);
    }

    [Fact]
    public async Task Data_that_is_given_up_for_a_failover_is_named_to_the_agent()
    {
        await using var agent = await FakeAgent.StartAsync();
        var run = await RunAsync(agent, "now", "--discard", "redis-b", "--discard", "redis-c", "--yes");
        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Equal(["redis-b", "redis-c"], agent.Commands[^1].Discards!);
    }

    [Fact]
    public async Task Refusal_says_reason_and_remedy()
    {
        await using var agent = await FakeAgent.StartAsync();
        agent.OnCommand = _ =>
            (
                StatusCodes.Status409Conflict,
                new CommandAnswer(
                    false,
                    Refusal: new CommandRefusal("redis-b is master already.", "Nothing is to be done.")
                )
            );
        var run = await RunAsync(agent, "switch", "--to", "redis-b", "--yes");
        Assert.Equal(ExitCode.Refused, run.ExitCode);
        Assert.Contains("Refused: redis-b is master already.", run.Output, StringComparison.Ordinal);
        Assert.Contains("To do  Nothing is to be done.", run.Output, StringComparison.Ordinal);

        var json = (await RunAsync(agent, "switch", "--to", "redis-b", "--yes", "--format", "json")).Json;
        Assert.Equal("Refused", json.GetProperty("outcome").GetString());
        Assert.Equal("redis-b is master already.", json.GetProperty("reason").GetString());
        Assert.Equal(ExitCode.Refused, json.GetProperty("exitCode").GetInt32());
    }

    [Fact]
    public async Task Command_that_is_refused_after_its_plan_is_refused()
    {
        await using var agent = await FakeAgent.StartAsync();
        agent.OnCommand = command =>
            command.Plan
                ? (200, new CommandAnswer(true, new CommandPlan([], [])))
                : (409, new CommandAnswer(false, Refusal: new CommandRefusal("Another change is under way.", "Wait.")));
        Assert.Equal(ExitCode.Refused, (await RunAsync(agent, "now", "--yes")).ExitCode);
    }

    [Fact]
    public async Task Nobody_to_ask_and_no_consent_does_nothing()
    {
        await using var agent = await FakeAgent.StartAsync();
        var run = await RunAsync(agent, "now");
        Assert.Equal(ExitCode.NotConfirmed, run.ExitCode);
        Assert.All(agent.Commands, command => Assert.True(command.Plan));
        Assert.Contains("--yes", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("y", ExitCode.Done, 2)]
    [InlineData("yes", ExitCode.Done, 2)]
    [InlineData("n", ExitCode.NotConfirmed, 1)]
    [InlineData("", ExitCode.NotConfirmed, 1)]
    public async Task Person_is_asked_with_the_plan_before_their_eyes(string answer, int code, int commands)
    {
        await using var agent = await FakeAgent.StartAsync();
        using var input = new StringReader(answer + "\n");
        var run = await ToolRun.RunAsync(
            terminal => ToolRun.WithSecret(terminal) with { CanAsk = true, Input = input },
            "failover",
            "now",
            "--agent",
            agent.Address
        );
        Assert.Equal((code, commands), (run.ExitCode, agent.Commands.Count));
        Assert.Contains("2.  Step two.\nDo this? [y/N] ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wait_ends_when_the_cluster_says_that_it_is_done()
    {
        await using var agent = await FakeAgent.StartAsync();
        agent.OnCommand = command =>
        {
            agent.Status = command.Plan ? agent.Status : Switched();
            return (200, new CommandAnswer(true, new CommandPlan([], [])));
        };
        var run = await RunAsync(agent, "switch", "--to", "redis-b", "--yes", "--wait", "--format", "json");
        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Equal("Done", run.Json.GetProperty("outcome").GetString());
        Assert.True(run.Json.GetProperty("elapsedMilliseconds").GetInt64() >= 0);
        Assert.Empty(run.Error);
    }

    [Fact]
    public async Task Wait_passes_through_the_steps_of_the_switch()
    {
        await using var agent = await FakeAgent.StartAsync();
        var steps = new Queue<ClusterStatus>([Asked(), Clusters.SwitchUnderWay, Switched()]);
        agent.OnCommand = command =>
        {
            if (!command.Plan)
            {
                agent.OnLook = () => agent.Status = steps.Count > 0 ? steps.Dequeue() : agent.Status;
            }

            return (200, new CommandAnswer(true, new CommandPlan([], [])));
        };
        var run = await RunAsync(agent, "switch", "--to", "redis-b", "--yes", "--wait");
        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Empty(steps);
        Assert.Matches("Done in [0-9.]+ m?s: redis-b is the master.", run.Output);
    }

    [Fact]
    public async Task Switch_that_was_retracted_has_failed()
    {
        await using var agent = await FakeAgent.StartAsync();
        var steps = new Queue<ClusterStatus>([Asked(), Clusters.Healthy]);
        agent.OnCommand = command =>
        {
            if (!command.Plan)
            {
                agent.OnLook = () => agent.Status = steps.Count > 0 ? steps.Dequeue() : agent.Status;
            }

            return (200, new CommandAnswer(true, new CommandPlan([], [])));
        };
        var run = await RunAsync(agent, "switch", "--to", "redis-b", "--yes", "--wait");
        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("redis-a is the master, not redis-b", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wait_that_is_not_over_in_time_says_how_it_stands()
    {
        await using var agent = await FakeAgent.StartAsync();
        var run = await RunAsync(agent, "switch", "--to", "redis-b", "--yes", "--wait", "--wait-timeout", "0.3");
        Assert.Equal(ExitCode.NotYet, run.ExitCode);
        Assert.Contains("not done within", run.Output, StringComparison.Ordinal);
        Assert.Contains("redis-a is the master; all 2 replicas follow.", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wait_beyond_two_seconds_says_so_on_the_error_output()
    {
        await using var agent = await FakeAgent.StartAsync();
        var run = await RunAsync(agent, "switch", "--to", "redis-b", "--yes", "--wait", "--wait-timeout", "2.5");
        Assert.StartsWith("Waiting for 2.", run.Error, StringComparison.Ordinal);
        Assert.EndsWith("redis-a is the master; all 2 replicas follow.\n", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_secret_is_refused_and_no_secret_is_wrong_usage()
    {
        await using var agent = await FakeAgent.StartAsync();
        var without = await ToolRun.RunAsync("failover", "now", "--yes", "--agent", agent.Address);
        Assert.Equal(ExitCode.Usage, without.ExitCode);
        Assert.Contains("CLUSTERSESSION_SECRET", without.Error, StringComparison.Ordinal);

        var wrong = await ToolRun.RunAsync(
            terminal => terminal with { Environment = _ => "another secret" },
            "failover",
            "now",
            "--yes",
            "--agent",
            agent.Address
        );
        Assert.Equal(ExitCode.Refused, wrong.ExitCode);
        Assert.Empty(agent.Commands);
    }

    [Fact]
    public async Task Secret_is_read_from_a_file_and_agents_from_the_settings()
    {
        await using var agent = await FakeAgent.StartAsync();
        using var directory = new TemporaryDirectory();
        var (secret, config) = (directory.File("secret"), directory.File("agent.json"));
        await File.WriteAllTextAsync(secret, FakeAgent.Secret + "\n");
        await File.WriteAllTextAsync(
            config,
            $$"""
            { "ClusterSession": { "Failover": { "Members": [ { "Name": "redis-a", "Agent": "{{agent.Address}}" } ] } } }
            """
        );
        var run = await ToolRun.RunAsync("failover", "now", "--yes", "--config", config, "--secret-file", secret);
        Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task Next_agent_is_asked_where_one_cannot_be_reached()
    {
        await using var agent = await FakeAgent.StartAsync();
        var run = await ToolRun.RunAsync(
            ToolRun.WithSecret,
            "failover",
            "now",
            "--yes",
            "--agent",
            "http://127.0.0.1:1",
            "--agent",
            agent.Address
        );
        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Equal(2, agent.Commands.Count);
    }

    [Fact]
    public async Task Command_whose_outcome_is_unknown_is_not_given_to_another_agent()
    {
        await using var cut = await FakeAgent.StartAsync();
        await using var other = await FakeAgent.StartAsync();
        cut.CutsCommands = true;
        var run = await ToolRun.RunAsync(
            ToolRun.WithSecret,
            "failover",
            "now",
            "--yes",
            "--agent",
            cut.Address,
            "--agent",
            other.Address
        );
        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains(
            "it is not known whether the command was accepted",
            run.Error.ReplaceLineEndings(" "),
            StringComparison.Ordinal
        );
        Assert.Empty(other.Commands);
    }

    [Fact]
    public async Task Agent_without_store_gives_no_plan_and_the_next_one_does()
    {
        await using var cut = await FakeAgent.StartAsync();
        await using var other = await FakeAgent.StartAsync();
        cut.OnCommand = _ => (503, new CommandAnswer(false, Refusal: new CommandRefusal("No store.", "Wait.")));
        var run = await ToolRun.RunAsync(
            ToolRun.WithSecret,
            "failover",
            "now",
            "--plan",
            "--agent",
            cut.Address,
            "--agent",
            other.Address
        );
        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Single(other.Commands);
    }

    [Fact]
    public async Task No_agent_responding_to_a_command_has_its_exit_code_in_json_too()
    {
        var run = await ToolRun.RunAsync(
            ToolRun.WithSecret,
            "failover",
            "now",
            "--yes",
            "--agent",
            "http://127.0.0.1:1",
            "--format",
            "json"
        );
        Assert.Equal(ExitCode.NoAgent, run.ExitCode);
        Assert.Equal(ExitCode.NoAgent, run.Json.GetProperty("exitCode").GetInt32());
        Assert.Equal("Failed", run.Json.GetProperty("outcome").GetString());
    }

    private static ClusterStatus Asked() =>
        Clusters.Healthy with
        {
            Switch = new SwitchStatus(SwitchStep.Wait, "redis-a", "redis-b", Clusters.Noon),
        };

    private static ClusterStatus Switched() =>
        Clusters.Healthy with
        {
            Self = "redis-b",
            Lease = new LeaseStatus("redis-b", true, 8, 2900),
            Ruler = "redis-b",
            Members =
            [
                Clusters.Replica("redis-a", "redis-b", 8),
                Clusters.Master("redis-b", 8),
                Clusters.Replica("redis-c", "redis-b", 8),
            ],
        };

    private static Task<ToolRun> RunAsync(FakeAgent agent, params string[] args) =>
        ToolRun.RunAsync(ToolRun.WithSecret, ["failover", .. args, "--agent", agent.Address]);
}
