using ClusterSession.Histories;
using ClusterSession.Histories.Checking.Checks;
using ClusterSession.Tests.TestKit.Checking.Model;
using Xunit;

namespace ClusterSession.Tests.TestKit.Checking;

public sealed class LinearizabilityOracleTests
{
    [Fact]
    public void The_zone_check_agrees_with_an_exhaustive_search_on_small_histories()
    {
        int yes = 0,
            no = 0;
        for (var seed = 0; seed < 5000; seed++)
        {
            var events = RandomRegister(new Random(seed));
            var expected = LinearizabilityOracle.IsLinearizable(events, "k");
            var anomaly = RegisterLinearizabilityCheck.FindAnomaly(events, "k");
            Assert.True(
                expected == anomaly is null,
                $"seed {seed}: search says {expected}, zones say {anomaly?.Why}\n{string.Join('\n', events)}"
            );
            yes += expected ? 1 : 0;
            no += expected ? 0 : 1;
        }
        // Both answers must occur often, or agreement means nothing.
        Assert.True(yes > 500 && no > 500, $"{yes} linearizable, {no} not");
    }

    // Any values that exist, at any times that overlap: most of it nonsense, which is the point.
    private static List<HistoryEvent> RandomRegister(Random random)
    {
        var writes = random.Next(1, 5);
        var events = new List<HistoryEvent>();
        for (var i = 0; i < writes + random.Next(1, 6); i++)
        {
            var begin = random.Next(60);
            var isWrite = i < writes;
            var read = random.Next(-1, writes);
            events.Add(
                new HistoryEvent
                {
                    Client = i,
                    Session = 0,
                    Request = 0,
                    Node = "A",
                    InvokeNs = begin * 10,
                    CompleteNs = ((begin + random.Next(1, 25)) * 10) + 5,
                    Result = isWrite && random.Next(5) == 0 ? RequestResult.Info : RequestResult.Ok,
                    Ops = [isWrite ? Op.Set("k", "v" + i) : Op.Get("k", read < 0 ? null : "v" + read)],
                }
            );
        }
        return [.. events.OrderBy(e => e.InvokeNs)];
    }
}
