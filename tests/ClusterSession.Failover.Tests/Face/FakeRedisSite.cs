using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Hosting;

namespace ClusterSession.Failover.Tests.Face;

/// <summary>The Redis of all members, by name.</summary>
internal sealed class FakeRedisSite : IRedisLinks
{
    private readonly Dictionary<string, FakeRedis> _members;

    public FakeRedisSite(TimeProvider time, params string[] members) =>
        _members = members.ToDictionary(member => member, _ => new FakeRedis(this, time));

    public FakeRedis this[string member] => _members[member];

    public FakeRedis? Find(string runId) => _members.Values.FirstOrDefault(redis => redis.Sight.RunId == runId);

    public IRedisControl Own(ClusterMember member) => _members[member.Name];

    public IRedisProbe Of(ClusterMember member) => _members[member.Name];
}
