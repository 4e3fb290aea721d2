using ClusterSession.Failover;
using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Etcd.Leases;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace ClusterSession.Etcd.Tests.Failover;

/// <summary>The setting of agents that names an etcd cluster.</summary>
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
        ["Coordinator"] = "etcd=http://e1:2379,http://e2,http://[::1]:2380/shop,user=shop,password=hush-hush",
        ["Secret"] = "0123456789abcdef",
        ["KeyPrefix"] = "shop",
        ["RedisPassword"] = "a-password",
    };

    [Fact]
    public async Task Two_agents_agree_in_etcd_without_voter_and_directory()
    {
        await using var services = Services(Good);
        Assert.Equal("north", services.GetRequiredService<IOptions<FailoverOptions>>().Value.Cluster);
        Assert.IsType<EtcdCoordinator>(services.GetRequiredService<IFailoverCoordinator>());
        Assert.Equal(
            "etcd at http://e1:2379,http://e2:2379,http://[::1]:2380/shop",
            services.GetRequiredService<AgentSettings>().Store
        );
    }

    [Theory]
    [InlineData("ETCD = https://e1", "etcd at https://e1:2379/cluster-session")]
    [InlineData("etcd=http://e1:80/", "etcd at http://e1:80/cluster-session")]
    [InlineData("etcd=http://e1,http://e2/a/b,password=a=b", "etcd at http://e1:2379,http://e2:2379/a/b")]
    public async Task Port_and_path_need_not_be_set(string value, string shown)
    {
        await using var services = Services(new(Good) { ["Coordinator"] = value });
        Assert.Equal(shown, services.GetRequiredService<AgentSettings>().Store);
    }

    [Theory]
    [InlineData(
        "etcd=",
        "Coordinator cannot be used. '' names no server. Give one or several, such as 'http://h1:2379"
    )]
    [InlineData("etcd=e1:2379", "'e1:2379' names no server. Give http or https, a host and a port")]
    [InlineData("etcd=http://e1:x/shop", "'http://e1:x' names no server. Give http or https, a host and a port")]
    [InlineData("etcd=http://e1/shop,http://e2", "'http://e1/shop' names no server")]
    [InlineData("etcd=http://e1/shop/", "'/shop/' is no path. Write it once, behind the last server")]
    [InlineData("etcd=http://e1,https://e2", "mixes http and https. Write https for all servers, or for none")]
    [InlineData("etcd=http://me:hush@e1", "A server has a user in its address. Write user=...,password=... behind")]
    [InlineData("etcd=http://e1,pasword=hush-hush", "'pasword' is no setting. Correct or remove it; known are")]
    [InlineData("etcd=http://e1,password=hush,hush=1", "A part behind the password is no setting, and not shown")]
    [InlineData("etcd=http://e1,password=hush,hush", "Write servers and path first, and a password without commas")]
    [InlineData("etcd=http://e1,password=", "'password' is empty. Set it, or leave it out")]
    [InlineData("etcd=http://e1,user=shop", "'user' is set without 'password'. Set both, or leave both out")]
    [InlineData("etcd=https://e1,sslKeyFile=/none", "'sslKeyFile' is set without 'sslCertFile'. Set both")]
    [InlineData("etcd=http://e1,sslCaFile=/none", "the servers are asked by http. Write https for all servers")]
    [InlineData("etcd=https://e1,sslCaFile=/none", "'sslCaFile' is '/none', which is not there or not readable")]
    [InlineData("etcd=https://e1,sslCertFile=/etc/hostname", "is no PEM file of a certificate or its key. Set them to")]
    [InlineData("e1:2379", "It begins with 'e1:2379'. Write etcd=..., or leave it out")]
    public async Task Setting_that_cannot_work_is_refused_with_the_remedy(string value, string message)
    {
        await using var services = Services(new(Good) { ["Coordinator"] = value });
        var refused = Assert.Throws<OptionsValidationException>(() =>
            services.GetRequiredService<IOptions<FailoverOptions>>().Value
        );
        Assert.Contains(refused.Failures, failure => failure.Contains(message, StringComparison.Ordinal));
        Assert.All(refused.Failures, failure => Assert.Contains("ClusterSession:Failover:", failure));
        Assert.DoesNotContain("hush", refused.Message, StringComparison.Ordinal);
    }

    private static ServiceProvider Services(Dictionary<string, string?> section)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(
                section.ToDictionary(pair => $"ClusterSession:Failover:{pair.Key}", pair => pair.Value)
            )
            .Build();
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddLogging();
        return services.AddEtcdCoordinator().AddClusterSessionFailover().BuildServiceProvider();
    }
}
