using ClusterSession.Redis;
using ClusterSession.Redis.Topology;
using ClusterSession.Redis.Topology.Cluster;
using ClusterSession.Redis.Topology.Detection;
using ClusterSession.Redis.Topology.Published;
using ClusterSession.Redis.Topology.Sentinel;
using ClusterSession.Redis.Topology.Standalone;
using Xunit;

namespace ClusterSession.Tests.Redis.Topology;

public sealed class RedisTopologyTests
{
    [Theory]
    [InlineData("h", typeof(DetectingTopology))]
    [InlineData("h,h2", typeof(DetectingTopology))]
    [InlineData("h,cluster=false", typeof(StandaloneTopology))]
    [InlineData("h,cluster=true", typeof(ClusterTopology))]
    [InlineData("redis://h?cluster=true", typeof(ClusterTopology))]
    [InlineData("h,serviceName=mymaster", typeof(SentinelTopology))]
    [InlineData("zookeeper=h", typeof(PublishedTopology))]
    public async Task The_connection_string_alone_chooses(string connectionString, Type expected)
    {
        await using var topology = Create(RedisOptions.Parse(connectionString));
        Assert.IsType(expected, topology);
    }

    [Theory]
    [InlineData("h,sentinelPassword=p", "ServiceName")]
    [InlineData("h,serviceName=m,sentinelUser=u", "SentinelPassword")]
    [InlineData("h,serviceName=m,cluster=true", "a cluster has no sentinels")]
    [InlineData("h,cluster=true,defaultDatabase=1", "database 0 only")]
    [InlineData("h,fenceTimeout=10", "FenceTimeout is 10 ms")]
    public void Settings_that_contradict_each_other_are_refused(string connectionString, string why) =>
        Assert.Contains(
            why,
            Assert.Throws<FormatException>(() => RedisOptions.Parse(connectionString)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Options_that_cannot_work_are_refused_with_all_their_errors()
    {
        var failure = Assert.Throws<ArgumentException>(() =>
            Create(new RedisOptions { Database = -1, MaxInFlight = 0 })
        );
        Assert.Contains("Endpoints is empty", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Database is -1", failure.Message, StringComparison.Ordinal);
        Assert.Contains("MaxInFlight is 0", failure.Message, StringComparison.Ordinal);
    }

    private static IRedisTopology Create(RedisOptions options) =>
        RedisTopology.Create(options, TimeProvider.System, new Random(1), null, null);
}
