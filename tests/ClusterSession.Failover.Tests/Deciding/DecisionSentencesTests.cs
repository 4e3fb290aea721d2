using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;
using Xunit;

namespace ClusterSession.Failover.Tests.Deciding;

/// <summary>What operators read of a decision is what happens.</summary>
public sealed class DecisionSentencesTests
{
    private static readonly ClusterView View = new()
    {
        Self = "a",
        Document = new ClusterDocument(),
        Members = new Dictionary<string, MemberSight>(),
    };

    [Fact]
    public void Leaving_a_former_master_is_not_called_following()
    {
        var left = Of(new Decision.Command(new RedisAction.Leave("b", "run-b")));
        Assert.Contains("leaves the master that it followed, and follows nobody", left, StringComparison.Ordinal);
        var followed = Of(new Decision.Command(new RedisAction.Follow("b", new Tenure("run-b", 1))));
        Assert.Contains("follows b", followed, StringComparison.Ordinal);
    }

    [Fact]
    public void Release_for_a_switch_is_not_called_a_failure()
    {
        var request = new SwitchRequest(
            new RedisProcess("a", "run-a"),
            "b",
            1,
            DateTimeOffset.UnixEpoch,
            SwitchStep.HandOver
        );
        var planned = Of(new Decision.Release(new ClusterDocument { Switch = request }));
        Assert.Equal("a is closed, and releases the lease for b to take.", planned);
        var unnamed = Of(new Decision.Release(new ClusterDocument { Switch = request with { To = null } }));
        Assert.Equal("a is closed, and releases the lease for the most advanced candidate to take.", unnamed);
        Assert.Contains(
            "cannot be the master",
            Of(new Decision.Release(new ClusterDocument())),
            StringComparison.Ordinal
        );
    }

    private static string Of(Decision decision) => DecisionSentences.Of(decision, View);
}
