using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Hosting;
using ClusterSession.Failover.Tests.Face;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace ClusterSession.Failover.Tests.Hosting;

/// <summary>The section, its mistakes, and what is made of it.</summary>
public sealed class FailoverOptionsTests
{
    private static readonly Dictionary<string, string?> Good = new()
    {
        ["Cluster"] = "north",
        ["Name"] = "b",
        ["Members:0:Name"] = "a",
        ["Members:0:Redis"] = "redis-a.example:6379",
        ["Members:0:Agent"] = "https://redis-a.example:7400",
        ["Members:1:Name"] = "b",
        ["Members:1:Redis"] = "[2001:db8::1]:6379",
        ["Members:1:Agent"] = "https://redis-b.example:7400",
        ["Members:1:IsReadReplica"] = "true",
        ["Voter"] = "https://voter.example:7400",
        ["Directory"] = "/var/lib/cluster-session",
        ["Secret"] = "0123456789abcdef",
        ["KeyPrefix"] = "cs.shop",
        ["RedisPassword"] = "a-password",
        ["Ttl"] = "00:00:04",
        ["Interval"] = "00:00:00.150",
        ["MaxPromotions"] = "5",
    };

    private static readonly Dictionary<string, string?> GoodFollower = new(Good)
    {
        ["Name"] = "c",
        ["RedisAddress"] = "127.0.0.1:6379",
        ["Directory"] = null,
    };

    [Fact]
    public void Section_sets_the_agent_and_its_member_of_the_store()
    {
        using var services = Services(Good);
        var options = services.GetRequiredService<IOptions<FailoverOptions>>().Value;
        Assert.Equal(("north", "b", 2), (options.Cluster, options.Name, options.Members.Count));
        Assert.True(options.Members[1].IsReadReplica);
        var timings = services.GetRequiredService<FailoverTimings>();
        Assert.Equal(
            (TimeSpan.FromSeconds(4), TimeSpan.FromMilliseconds(150), 5),
            (timings.Ttl, timings.Interval, timings.MaxPromotions)
        );
        var raft = services.GetRequiredService<IOptions<RaftCoordinatorOptions>>().Value;
        Assert.Equal(3, raft.Members.Count);
        Assert.Equal(
            ("https://redis-b.example:7400/", "/var/lib/cluster-session", "0123456789abcdef"),
            (raft.Self!.ToString(), raft.Directory, raft.Secret)
        );
    }

    /// <summary>
    /// An option that code may set and the section or the timings forget would do nothing.
    /// </summary>
    [Fact]
    public void Every_default_of_the_options_is_that_of_the_timings()
    {
        var (options, timings) = (new FailoverOptions(), new FailoverTimings());
        foreach (var rule in typeof(FailoverTimings).GetProperties().Where(property => property.CanWrite))
        {
            if (typeof(FailoverOptions).GetProperty(rule.Name) is { } option)
            {
                Assert.Equal((rule.Name, rule.GetValue(timings)), (rule.Name, option.GetValue(options)));
            }
        }

        Assert.Equal(
            timings with
            {
                Newer = null!,
                IsContained = null!,
            },
            AgentBuilder.Timings(options) with
            {
                Newer = null!,
                IsContained = null!,
            }
        );
    }

    [Theory]
    [InlineData("Cluster", "nor th", "Cluster is 'nor th'. Set 1 to 64 letters")]
    [InlineData("Cluster", null, "Cluster is ''.")]
    [InlineData("KeyPrefix", null, "the KeyPrefix of the application")]
    [InlineData("Name", "c", "Name is 'c'. Set it to the name of this agent's member: a, b.")]
    [InlineData("Members:0:Redis", "redis-a.example", "Members:0:Redis is 'redis-a.example'. Set it to host:port")]
    [InlineData("Members:0:Redis", "2001:db8::1:6379", "Members:0:Redis is '2001:db8::1:6379'.")]
    [InlineData("Members:0:Agent", "https://a.example/x", "Members:0:Agent is 'https://a.example/x'.")]
    [InlineData("Members:0:Agent", "https://redis-b.example:7400", "name 'https://redis-b.example:7400/' twice")]
    [InlineData("Members:0:IsReadReplica", "true", "Let one at least be a candidate")]
    [InlineData("Members:0:IsReadReplica", "perhaps", "IsReadReplica is 'perhaps', which is not true or false")]
    [InlineData("Members:0:Port", "6379", "Members:0:Port is not a setting. Remove it, or use one of Agent")]
    [InlineData("Voter", null, "Name two members and a voter, or three members")]
    [InlineData("Voter", "voter.example", "Voter is 'voter.example', which is not an address")]
    [InlineData("Coordinator", "etcd=h1", "It begins with 'etcd', and this application has no such store. Call")]
    [InlineData("Directory", null, "Directory is ''. Set it to a directory")]
    [InlineData("Secret", "short", "Secret has 5 characters. Set at least 16")]
    [InlineData("Secret", "0123456789 abcdef", "Secret has a character that no HTTP header takes")]
    [InlineData("RedisPassword", null, "RedisPassword is empty. Set the password of the user 'cluster-session-agent'")]
    [InlineData("RedisAddress", "here", "RedisAddress is 'here'. Set it to host:port")]
    [InlineData("RedisDatabase", "1000001", "RedisDatabase is 1000001. Set it between 0 and 1000000.")]
    [InlineData("RedisTlsCaFile", "/none.pem", "RedisTlsCaFile is '/none.pem', which is not there")]
    [InlineData("ApplicationUser", "default", "ApplicationUser is 'default'.")]
    [InlineData("ApplicationUser", "cluster-session-agent", "Use two users")]
    [InlineData("Ttl", "3", "Ttl is '3', which is not a duration")]
    [InlineData("Ttl", "24:00:00", "Ttl is '24:00:00', which is not a duration")]
    [InlineData("Ttl", "00:00:00.500", "Ttl is 500 ms. Set it between 1000 ms and 60000 ms.")]
    [InlineData("Ttl", "00:00:01", "it could not renew in time. Raise Ttl")]
    [InlineData("Interval", "00:00:00.001", "Interval is 1 ms.")]
    [InlineData("Deadline", "00:00:11", "Deadline is 11000 ms.")]
    [InlineData("RecordLife", "00:00:05", "RecordLife is 5000 ms. Set it between Interval and two Deadlines, 950 ms")]
    [InlineData("DeadAfter", "00:00:00", "DeadAfter is 0 ms.")]
    [InlineData("GatherWait", "00:02:00", "GatherWait is 120000 ms.")]
    [InlineData("NewerDataWait", "02:00:00", "NewerDataWait is 7200000 ms.")]
    [InlineData("StepWait", "00:00:00.100", "StepWait is 100 ms.")]
    [InlineData("FlappingWindow", "2.00:00:00", "FlappingWindow is 172800000 ms.")]
    [InlineData("MaxPromotions", "0", "MaxPromotions is 0. Set it between 1 and 20.")]
    [InlineData("MaxPromotions", "many", "MaxPromotions is 'many', which is not a number")]
    [InlineData("TrackFile", "lease", "TrackFile is 'lease', which is no full path of a file in a directory")]
    [InlineData("TrackFile", "/nowhere/lease", "TrackFile is '/nowhere/lease', which is no full path of a file")]
    [InlineData("Time", "1", "Time is not a setting")]
    public void Setting_that_cannot_work_is_refused_with_its_name_its_value_and_the_remedy(
        string setting,
        string? value,
        string message
    )
    {
        using var services = Services(new Dictionary<string, string?>(Good) { [setting] = value });
        var refused = Assert.Throws<OptionsValidationException>(() =>
            services.GetRequiredService<IOptions<FailoverOptions>>().Value
        );
        Assert.Contains(refused.Failures, failure => failure.Contains(message, StringComparison.Ordinal));
        Assert.All(refused.Failures, failure => Assert.Contains("ClusterSession:Failover:", failure));
        Assert.DoesNotContain("a-password", refused.Message);
        Assert.DoesNotContain("0123456789", refused.Message);
    }

    [Theory]
    [InlineData("Name", "b", "Name is 'b', which is a member, and a follower is none. Set another name")]
    [InlineData("Name", null, "Name is ''. Set 1 to 64 letters")]
    [InlineData("RedisAddress", null, "RedisAddress is not set. Set it to the Redis of this follower")]
    [InlineData("RedisAddress", "redis-a.example:6379", "which is the Redis of the member a. Set it to the Redis of")]
    [InlineData("Secret", null, "Secret has 0 characters")]
    [InlineData("TrackFile", "/tmp/lease", "TrackFile is '/tmp/lease', and a follower's Redis is never the master")]
    public void Setting_of_a_follower_that_cannot_work_is_refused(string setting, string? value, string message)
    {
        using var services = Services(new(GoodFollower) { [setting] = value }, isFollower: true);
        var refused = Assert.Throws<OptionsValidationException>(() =>
            services.GetRequiredService<IOptions<FailoverOptions>>().Value
        );
        Assert.Contains(message, Assert.Single(refused.Failures));
    }

    [Fact]
    public void Follower_needs_no_directory_and_is_known_by_its_own_redis()
    {
        using var services = Services(GoodFollower, isFollower: true);
        var settings = services.GetRequiredService<AgentSettings>();
        Assert.Equal(("c", true, 3), (settings.Self, settings.IsFollower, settings.Members.Count));
        Assert.Equal(("c", "127.0.0.1:6379"), (settings.Members[^1].Name, settings.Members[^1].Redis));
    }

    [Fact]
    public async Task Wrong_settings_stop_the_application_with_one_message()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSingleton<IRedisLinks>(new FakeRedisSite(TimeProvider.System, "a"));
        builder.Services.AddClusterSessionFailover(options => options.Cluster = "north");
        await using var app = builder.Build();
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync());
        Assert.Contains(refused.Failures, failure => failure.Contains("Name two members", StringComparison.Ordinal));
    }

    private static ServiceProvider Services(Dictionary<string, string?> section, bool isFollower = false)
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
        _ = isFollower ? services.AddClusterSessionFollower() : services.AddClusterSessionFailover();
        return services.BuildServiceProvider();
    }
}
