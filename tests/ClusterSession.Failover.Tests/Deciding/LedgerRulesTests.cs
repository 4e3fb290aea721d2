using System.Text.Json;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;
using Xunit;

namespace ClusterSession.Failover.Tests.Deciding;

/// <summary>What the holder writes about members with unmerged data.</summary>
public sealed class LedgerRulesTests
{
    private static readonly RedisSight Master = new()
    {
        RunId = "run-a",
        HistoryId = "history",
        DataEpoch = 2,
        IsMaster = true,
        AdmitsClients = true,
        Record = new Tenure("run-a", 2),
    };

    private static readonly RedisSight Returned = Master with
    {
        RunId = "run-b",
        HistoryId = "other",
        DataEpoch = 1,
        AdmitsClients = false,
        Record = null,
    };

    /// <summary>
    /// More may be written than was compared: elements of documents are written too.
    /// </summary>
    [Fact]
    public void Merge_in_the_ledger_says_what_was_compared_and_what_was_written()
    {
        var counts = new MemberMergeCounts(Scanned: 3, Of: 3, Written: 5, Bytes: 100);
        var what = new MergedData("run-a", 2, "run-b");
        var view = new ClusterView
        {
            Self = "a",
            Document = new ClusterDocument
            {
                Members =
                [
                    new ClusterMember("a", "redis-a:6379", "https://agent-a", MemberKind.Candidate),
                    new ClusterMember("b", "redis-b:6379", "https://agent-b", MemberKind.Candidate),
                ],
                Ruler = new Ruler("a", "run-a", 2),
                Ledger = [new UnmergedData(1, "b", "run-b", DateTimeOffset.UnixEpoch)],
            },
            Members = new Dictionary<string, MemberSight>
            {
                ["a"] = new(Master, true),
                ["b"] = new(Returned, true) { Merge = new("a", what, MergeState.Merged) { Counts = counts } },
            },
        };
        var written = new LedgerRules(new FailoverTimings()).Update(view)!;
        Assert.Equal(what, Assert.Single(written.Ledger).Merged);
        Assert.Equal("3 sessions were compared; 5 records and elements were written.", written.Events[^1].Why);
    }

    [Fact]
    public void Agents_of_other_releases_read_the_counts_of_a_merge_by_their_old_names()
    {
        var json = JsonSerializer.Serialize(new MemberMergeCounts(3, 3, 5, 100));
        Assert.Contains("\"merged\":5", json, StringComparison.Ordinal);
        Assert.Equal(5, JsonSerializer.Deserialize<MemberMergeCounts>(json)!.Written);
    }
}
