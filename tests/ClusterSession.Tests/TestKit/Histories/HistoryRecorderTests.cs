using ClusterSession.Histories;
using Xunit;

namespace ClusterSession.Tests.TestKit.Histories;

public sealed class HistoryRecorderTests
{
    private static readonly RunInfo Run = new() { Name = "test", Seed = 1 };

    [Fact]
    public void A_request_never_ended_is_recorded_as_unknown_and_stays_open()
    {
        var recorder = new HistoryRecorder(Run);
        recorder.Begin(Request(0));

        var request = Assert.Single(recorder.ToHistory().Events);
        Assert.Equal(RequestResult.Info, request.Result);
        Assert.Equal(long.MaxValue, request.CompleteNs);
        Assert.Equal(long.MaxValue, request.EffectEndNs);
    }

    [Fact]
    public void Only_the_first_end_of_a_request_counts()
    {
        var recorder = new HistoryRecorder(Run);
        var open = recorder.Begin(Request(0));
        open.End(RequestResult.Info);
        open.End(RequestResult.Ok);

        Assert.Equal(RequestResult.Info, Assert.Single(recorder.ToHistory().Events).Result);
    }

    [Fact]
    public void Times_of_one_client_never_go_back_and_ends_follow_begins()
    {
        var recorder = new HistoryRecorder(Run);
        Parallel.For(0, 4, client =>
        {
            for (var i = 0; i < 500; i++)
            {
                recorder
                    .Begin(Request(client) with { Request = i })
                    .End(RequestResult.Ok, e => e with { Note = "answered" });
            }
        });

        var history = recorder.ToHistory();
        Assert.Equal(2000, history.Events.Count);
        Assert.All(history.Events, e => Assert.True(e.InvokeNs <= e.CompleteNs && e.Note == "answered"));
        foreach (var client in history.Events.GroupBy(e => e.Client))
        {
            Assert.Equal(
                Enumerable.Range(0, 500),
                client.OrderBy(e => e.InvokeNs).ThenBy(e => e.CompleteNs).Select(e => e.Request)
            );
        }
    }

    [Fact]
    public void A_fault_counts_as_confirmed_only_when_its_effect_was_seen_and_lasts_until_healed()
    {
        var recorder = new HistoryRecorder(Run);
        var seen = recorder.BeginFault("kill", "redis", FaultLayer.Store);
        recorder.BeginFault("cut", "link", FaultLayer.Link);
        seen.Confirm("new master on 7002");
        seen.Heal();

        var faults = recorder.ToHistory().Faults;
        Assert.Equal([true, false], faults.Select(f => f.Confirmed));
        Assert.Equal([false, true], faults.Select(f => f.EndNs == long.MaxValue));
        Assert.Equal("new master on 7002", faults[0].Note);
    }

    private static HistoryEvent Request(int client) =>
        new()
        {
            Client = client,
            Session = 0,
            Request = 0,
            Node = "A",
            InvokeNs = 0,
            CompleteNs = 0,
            Result = RequestResult.Info,
        };
}
