using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Hosting;
using ClusterSession.Failover.Tests.Face;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Failover.Tests.Hosting;

/// <summary>The loop of an agent as a service.</summary>
public sealed class FailoverServiceTests
{
    [Fact]
    public async Task Loop_goes_on_after_a_failure_and_logs_it_once_in_ten_seconds()
    {
        var time = new ManualTimeProvider();
        var redis = new FakeRedisSite(time, "a");
        using var logs = new CapturedLogs();
        var timings = new FailoverTimings();
        var settings = new AgentSettings("north", "a", [new("a", "a:6379", "http://a:7400/", MemberKind.Candidate)]);
        var links = new AgentLinks(
            new MemoryCoordinator(time),
            redis["a"],
            new Dictionary<string, IRedisProbe>(),
            new Dictionary<string, IAgentPeer>()
        );
        var agent = new FailoverAgent(settings, timings, links, time);
        using var service = new FailoverService(
            agent,
            timings.Interval,
            time,
            logs.CreateLogger("ClusterSession.Failover")
        );
        redis["a"].Mistake = new InvalidOperationException("A mistake of this test.");
        await service.StartAsync(default);
        await time.DriveAsync(Condition.HoldsAsync(() => redis["a"].Looks > 10, "it looked again and again"));
        Assert.Equal(1, logs.Count("AgentFailed"));
        Assert.Contains(logs.All, log => log.Text.Contains("A mistake of this test.", StringComparison.Ordinal));
        var failedAt = time.GetTimestamp();
        await time.DriveAsync(
            Condition.HoldsAsync(() => logs.Count("AgentFailed") == 2, "the failure is logged again")
        );
        Assert.True(time.GetElapsedTime(failedAt) > TimeSpan.FromSeconds(5));

        redis["a"].Mistake = null;
        await time.DriveAsync(Condition.HoldsAsync(() => redis["a"].Sight.IsOpen, "a is opened"));
        await time.DriveAsync(service.StopAsync(default));
        Assert.True(redis["a"].Sight.IsOpen, "a stop closes nothing; the record runs out");
        time.Advance(timings.RecordLife);
        Assert.False(redis["a"].Sight.IsOpen);
    }
}
