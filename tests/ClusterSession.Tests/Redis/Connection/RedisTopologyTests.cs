using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using Xunit;

namespace ClusterSession.Tests.Redis.Connection;

public sealed class RedisTopologyTests
{
    [Fact]
    public void Sentinels_are_refused_rather_than_taken_for_servers() =>
        Assert.Contains("mymaster", Assert.Throws<NotSupportedException>(() => Create(RedisOptions.Parse("h,serviceName=mymaster"))).Message, StringComparison.Ordinal);

    [Fact]
    public void Options_that_cannot_work_are_refused_with_all_their_errors()
    {
        var failure = Assert.Throws<ArgumentException>(() => Create(new RedisOptions { Database = -1, MaxInFlight = 0 }));
        Assert.Contains("Endpoints is empty", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Database is -1", failure.Message, StringComparison.Ordinal);
        Assert.Contains("MaxInFlight is 0", failure.Message, StringComparison.Ordinal);
    }

    private static IRedisTopology Create(RedisOptions options) => RedisTopology.Create(options, TimeProvider.System, new Random(1), null, null);
}
