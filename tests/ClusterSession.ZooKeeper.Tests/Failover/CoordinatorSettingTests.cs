using ClusterSession.Failover;
using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.ZooKeeper.Leases;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace ClusterSession.ZooKeeper.Tests.Failover;

/// <summary>The setting of agents that names an ensemble.</summary>
public sealed class CoordinatorSettingTests
{
    private static readonly Dictionary<string, string?> Good = new()
    {
        ["Cluster"] = "north",
        ["Name"] = "a",
        ["Members:0:Name"] = "a",
        ["Members:0:Redis"] = "redis-a.example:6379",
        ["Members:0:Agent"] = "http://redis-a.example:7400",
        ["Members:1:Name"] = "b",
        ["Members:1:Redis"] = "redis-b.example:6379",
        ["Members:1:Agent"] = "http://redis-b.example:7400",
        ["Coordinator"] = "zookeeper=zk1:2181,zk2:2181,zk3/shop,password=hush-hush",
        ["Secret"] = "0123456789abcdef",
        ["KeyPrefix"] = "shop",
        ["RedisPassword"] = "a-password",
    };

    [Fact]
    public async Task Two_agents_agree_in_the_ensemble_without_voter_and_directory()
    {
        await using var services = Services(Good);
        Assert.Equal("north", services.GetRequiredService<IOptions<FailoverOptions>>().Value.Cluster);
        Assert.IsType<ZooKeeperCoordinator>(services.GetRequiredService<IFailoverCoordinator>());
        Assert.Equal("ZooKeeper at zk1:2181,zk2:2181,zk3/shop", services.GetRequiredService<AgentSettings>().Store);
    }

    [Fact]
    public async Task Without_a_path_everything_stands_below_one_of_its_own()
    {
        await using var services = Services(new(Good) { ["Coordinator"] = "ZooKeeper = zk1" });
        Assert.Equal("ZooKeeper at zk1/cluster-session", services.GetRequiredService<AgentSettings>().Store);
    }

    [Fact]
    public async Task Without_the_setting_the_agents_are_the_store_themselves()
    {
        await using var services = Services(
            new(Good)
            {
                ["Coordinator"] = null,
                ["Voter"] = "http://voter.example:7400",
                ["Directory"] = "/var/lib/a",
            }
        );
        Assert.Null(services.GetRequiredService<AgentSettings>().Store);
    }

    [Theory]
    [InlineData("Coordinator", "zookeeper=", "Coordinator cannot be used. '' names no server. Give one or several")]
    [InlineData("Coordinator", "zookeeper=zk1:x", "'zk1:x' names no server. Give a host and a port")]
    [InlineData("Coordinator", "zookeeper=zk1,password=hush,hush=1", "A part behind the password is no setting")]
    [InlineData("Coordinator", "zookeeper=zk1,pasword=hush-hush", "'pasword' is no setting. Correct or remove it")]
    [InlineData("Coordinator", "zookeeper=zk1,password=hush,hush", "Write servers and path first, and a password")]
    [InlineData("Coordinator", "zookeeper=zk1,sslCaFile=/none", "'sslCaFile' is '/none', which is not there")]
    [InlineData("Coordinator", "zk1:2181", "It begins with 'zk1:2181'. Write zookeeper=..., or leave it out")]
    [InlineData("Voter", "http://voter.example:7400", "a store that has votes of its own. Leave Voter out")]
    [InlineData("Members:1:Name", "a", "Members and Voter name 'a' twice")]
    public async Task Setting_that_cannot_work_is_refused_with_the_remedy(string setting, string value, string message)
    {
        await using var services = Services(new(Good) { [setting] = value });
        var refused = Assert.Throws<OptionsValidationException>(() =>
            services.GetRequiredService<IOptions<FailoverOptions>>().Value
        );
        Assert.Contains(refused.Failures, failure => failure.Contains(message, StringComparison.Ordinal));
        Assert.All(refused.Failures, failure => Assert.Contains("ClusterSession:Failover:", failure));
        Assert.DoesNotContain("hush", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_member_is_refused()
    {
        await using var services = Services(
            Good.Where(pair => !pair.Key.StartsWith("Members:1", StringComparison.Ordinal)).ToDictionary()
        );
        var refused = Assert.Throws<OptionsValidationException>(() =>
            services.GetRequiredService<IOptions<FailoverOptions>>().Value
        );
        Assert.Contains("Members has 1 agents. Name two or more", Assert.Single(refused.Failures));
    }

    private static ServiceProvider Services(Dictionary<string, string?> section)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(
                section
                    .Where(pair => pair.Value is not null)
                    .ToDictionary(pair => $"ClusterSession:Failover:{pair.Key}", pair => pair.Value)
            )
            .Build();
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddLogging();
        return services.AddZooKeeperCoordinator().AddClusterSessionFailover().BuildServiceProvider();
    }
}
