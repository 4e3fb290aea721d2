using ClusterSession.Failover.Documents;
using Xunit;

namespace ClusterSession.Failover.Tests.Deciding;

/// <summary>The document as bytes.</summary>
public sealed class ClusterDocumentTests
{
    [Fact]
    public void Document_is_read_as_it_was_written()
    {
        var document = new ClusterDocument
        {
            Members = [new ClusterMember("a", "redis-a:6379", "https://agent-a", MemberKind.ReadReplica)],
            Ruler = new Ruler("a", "run", 7) { Contained = [new RedisProcess("b", "other")] },
            Ledger = [new UnmergedData(6, "b", "other", DateTimeOffset.UnixEpoch)],
            Change = new ClusterChange(
                "failover-8",
                ChangeKind.Failover,
                8,
                new RedisProcess("a", "run"),
                null,
                ChangeStep.Open
            )
            {
                At = DateTimeOffset.UnixEpoch,
                From = "b",
                LacksNewerData = true,
                LineIfNotCompleted = new UnmergedData(6, "b", "other", DateTimeOffset.UnixEpoch),
                Histories = [new HistoryPoint("history", 12)],
            },
            Maintenance = true,
            Promotions = [new Promotion("a", DateTimeOffset.UnixEpoch)],
            Forgotten = ["c"],
            Discards = [new Discard("b", 5)],
            Switch = new SwitchRequest(
                new RedisProcess("a", "run"),
                "b",
                7,
                DateTimeOffset.UnixEpoch,
                SwitchStep.HandOver
            )
            {
                Closed = new HistoryPoint("history", long.MaxValue),
            },
            Reinits = [new MemberReinit("c", ReinitStep.Follow)],
            Events =
            [
                new ClusterEvent(DateTimeOffset.UnixEpoch, 7, EventKind.Switch, "b", "a")
                {
                    Why = "why",
                    Duration = TimeSpan.FromMilliseconds(80),
                    LacksNewerData = true,
                },
            ],
        };
        var json = document.Write();
        Assert.Equal(json, ClusterDocument.Read(json).Write());
        Assert.Contains("\"kind\":\"ReadReplica\"", System.Text.Encoding.UTF8.GetString(json));
        Assert.Contains("\"former\":{\"epoch\":6", System.Text.Encoding.UTF8.GetString(json)); // A stored name.
        Assert.Contains("\"offset\":12", System.Text.Encoding.UTF8.GetString(json));
        // The events, by the name that every release reads.
        Assert.Contains("\"history\":[{", System.Text.Encoding.UTF8.GetString(json));
    }

    [Fact]
    public void History_keeps_the_last_lines_and_no_line_twice_in_a_row()
    {
        var document = Enumerable
            .Range(1, 60)
            .Aggregate(new ClusterDocument(), (written, epoch) => written.With(Line(epoch)).With(Line(epoch)));
        Assert.Equal(ClusterDocument.MaxEvents, document.Events.Count);
        Assert.Equal(Enumerable.Range(11, 50).Select(epoch => (long)epoch), document.Events.Select(line => line.Epoch));
        static ClusterEvent Line(int epoch) =>
            new(DateTimeOffset.UnixEpoch, epoch, EventKind.GivenUp, "a", null) { Why = "why" };
    }

    [Fact]
    public void Document_that_is_too_large_for_the_store_loses_its_oldest_lines_of_history()
    {
        var document = Enumerable
            .Range(1, 50)
            .Aggregate(new ClusterDocument { Maintenance = true }, (written, epoch) =>
                written.With(
                    new ClusterEvent(DateTimeOffset.UnixEpoch, epoch, EventKind.GivenUp, new string('a', 900), null)
                )
            );
        var json = document.Write();
        Assert.InRange(json.Length, 1, ClusterDocument.MaxBytes);
        var read = ClusterDocument.Read(json);
        Assert.True(read.Maintenance);
        Assert.Equal(50, read.Events[^1].Epoch);
    }

    [Theory]
    [InlineData("{\"format\":2}", "format 2")]
    [InlineData("{}", "format none")]
    [InlineData("{\"format\":1,\"members\":null}", "damaged")]
    [InlineData("{\"format\":1,", "damaged")]
    public void Document_that_is_damaged_or_of_another_format_is_refused(string json, string expected)
    {
        var refusal = Assert.Throws<InvalidDataException>(() =>
            ClusterDocument.Read(System.Text.Encoding.UTF8.GetBytes(json))
        );
        Assert.Contains(expected, refusal.Message);
    }

    /// <summary>Agents of two releases share one document.</summary>
    [Fact]
    public void Way_back_that_was_asked_for_keeps_its_name()
    {
        var written = new ClusterDocument { ReturnAskedAt = DateTimeOffset.UnixEpoch }.Write();
        Assert.Contains("\"returned\":\"1970", System.Text.Encoding.UTF8.GetString(written), StringComparison.Ordinal);
    }
}
