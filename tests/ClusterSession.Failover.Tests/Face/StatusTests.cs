using System.Text.Json;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;
using Xunit;

namespace ClusterSession.Failover.Tests.Face;

/// <summary>What people and monitors can read of a cluster.</summary>
public sealed class StatusTests
{
    [Fact]
    public async Task Status_names_members_lease_and_ruler_in_a_form_that_stays()
    {
        await using var site = await RuledAsync();
        site.Redis["b"].Behind = 7;
        await site.LookAgainAsync("b");
        var (isRuled, status) = site.Face("b").Cluster(isLeader: true, isVoter: true);
        Assert.True(isRuled);
        using var json = JsonDocument.Parse(JsonSerializer.Serialize(status, FaceJson.Default.ClusterStatus));
        var root = json.RootElement;
        Assert.Equal(("north", "b", "a"), (Text(root, "cluster"), Text(root, "self"), Text(root, "ruler")));
        Assert.Equal("Wait", Text(root, "decision"));
        Assert.Equal("b follows the master a.", Text(root, "reason"));
        Assert.True(root.GetProperty("store").GetProperty("isLeader").GetBoolean());
        var lease = root.GetProperty("lease");
        Assert.Equal(("a", 1L), (Text(lease, "holder"), lease.GetProperty("epoch").GetInt64()));
        Assert.False(lease.TryGetProperty("leftMilliseconds", out _), "only the holder knows what is left");
        var members = root.GetProperty("members").EnumerateArray().ToArray();
        Assert.Equal(["Master", "Replica"], members.Select(member => Text(member, "role")));
        Assert.Equal(7, members[1].GetProperty("lagBytes").GetInt64());
        Assert.Equal(("a", "Candidate"), (Text(members[1], "follows"), Text(members[1], "kind")));
        Assert.True(members[0].GetProperty("isOpen").GetBoolean());
        Assert.Equal("a:6379", Text(members[0], "redis"));
        Assert.True(site.Face("a").Cluster(false, false).Status.Lease.LeftMilliseconds > 0);
    }

    [Fact]
    public async Task Status_says_since_when_maintenance_is_on_and_until_when_a_member_is_barred()
    {
        await using var site = await RuledAsync();
        var now = site.Time.GetUtcNow();
        var (early, late) = (now - TimeSpan.FromMinutes(4), now - TimeSpan.FromMinutes(2));
        await site.EditAsync(document =>
            (
                document with
                {
                    Maintenance = true,
                    Promotions =
                    [
                        new("b", now - TimeSpan.FromMinutes(9)),
                        new("b", late),
                        new("b", early),
                        new("b", now),
                    ],
                }
            ).With(new ClusterEvent(early, 1, EventKind.MaintenanceOn, null, null))
        );
        await site.LookAgainAsync("a");
        await site.LookAgainAsync("a");
        var status = site.Face("a").Cluster(false, false).Status;
        Assert.Equal(early, status.MaintenanceSince);
        var line = Assert.Single(status.Promotions);
        Assert.Equal((4, true), (line.Count, line.IsBarred));
        Assert.Equal(early + site.Timings.FlappingWindow, line.BarredUntil);
    }

    [Fact]
    public async Task Status_says_how_far_ahead_of_the_new_master_a_dead_one_was_seen_last()
    {
        await using var site = await RuledAsync();
        site.Redis["a"].Wrote(100);
        site.Redis["b"].Behind = 7;
        await site.LookAgainAsync("b");
        var seenAt = site.Time.GetUtcNow();
        site.Redis["a"].IsDown = true;
        await site.UntilAsync(() => site.Face("b").Cluster(false, false).Status.Ruler == "b", "b rules");
        var members = site.Face("b").Cluster(false, false).Status.Members;
        var lastSeen = members.Single(member => member.Name == "a").LastSeen!;
        Assert.Equal(7, lastSeen.AheadBytes);
        Assert.InRange(lastSeen.At, seenAt - TimeSpan.FromSeconds(1), seenAt);
        Assert.Null(members.Single(member => member.Name == "b").LastSeen);
    }

    [Fact]
    public async Task Cluster_without_a_lease_is_not_ruled()
    {
        await using var site = await RuledAsync();
        foreach (var member in new[] { "a", "b" })
        {
            site.Redis[member].IsDown = true;
        }

        await site.UntilAsync(() => !site.Face("b").Cluster(false, false).IsRuled, "nobody rules");
        var (_, status) = site.Face("b").Cluster(false, false);
        Assert.Null(status.Ruler);
        Assert.All(status.Members, member => Assert.Equal(MemberRole.Unreachable, member.Role));
        Assert.Contains(site.Face("b").Health().Problems, problem =>
            problem.Contains("Redis of b", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Health_says_which_redis_error_the_agent_got()
    {
        await using var site = await RuledAsync();
        Assert.True(site.Face("b").Health().IsHealthy);
        site.Redis["b"].IsDown = true;
        site.Redis["b"].Trouble = "WRONGPASS invalid username-password pair";
        await site.LookAgainAsync("b");
        Assert.Contains("WRONGPASS", Assert.Single(site.Face("b").Health().Problems));
    }

    [Fact]
    public async Task Document_of_a_later_release_is_shown_as_trouble()
    {
        await using var site = await RuledAsync();
        await site.EditAsync(document => document with { Format = 2 });
        await site.UntilAsync(() => site.Agent("a").Trouble is not null, "a has read it");
        Assert.Contains("knows format 1", Assert.Single(site.Face("a").Health().Problems));
        Assert.Contains("knows format 1", site.Face("a").Cluster(false, false).Status.Trouble);
        await site.UntilAsync(() => !site.Face("a").Primary().Is, "a is no primary without a lease that it renews");
        Assert.Equal(2, site.Logs.Count("DocumentUnusable")); // Each agent once.
    }

    [Fact]
    public async Task Settings_that_the_document_contradicts_are_shown_as_trouble()
    {
        await using var site = await RuledAsync();
        await site.EditAsync(document =>
            document with
            {
                Members = [document.Members[0], document.Members[1] with { Redis = "old:6379" }],
            }
        );
        await site.LookAgainAsync("a");
        Assert.Contains("old:6379", site.Face("a").Cluster(false, false).Status.Trouble);
        await site.EditAsync(document => document with { Members = [document.Members[0]] });
        await site.LookAgainAsync("a");
        Assert.Contains("the cluster's document does not", Assert.Single(site.Face("a").Health().Problems));
    }

    [Fact]
    public async Task Way_back_is_shown_from_a_master_that_another_is_preferred_to_and_that_nobody_chose()
    {
        await using var site = await RuledAsync();
        Assert.Null(site.Face("a").Cluster(false, false).Status.Return);
        await site.EditAsync(document => document with { Members = [.. document.Members.Reverse()] });
        await site.LookAgainAsync("a");
        var after = (long)site.Timings.ReturnAfter!.Value.TotalMilliseconds;
        Assert.Equal(new ReturnStatus("b", false, after, null), site.Face("a").Cluster(false, false).Status.Return);

        var now = site.Time.GetUtcNow();
        await site.EditAsync(document =>
            document with
            {
                ReturnAskedAt = now,
                Ruler = document.Ruler! with { IsChosen = true },
            }
        );
        await site.LookAgainAsync("a");
        Assert.Equal(
            new ReturnStatus("b", true, after, now + site.Timings.FlappingWindow),
            site.Face("a").Cluster(false, false).Status.Return
        );
    }

    [Fact]
    public async Task Maintenance_ledger_and_flapping_are_shown()
    {
        await using var site = await RuledAsync();
        var now = site.Time.GetUtcNow();
        await site.EditAsync(document =>
            document with
            {
                Maintenance = true,
                Ledger = [new UnmergedData(1, "b", "some-run", now) { IsNewer = true }],
                Discards = [new Discard("b", 9)],
                Promotions = [new("a", now), new("a", now), new("a", now), new("b", now - TimeSpan.FromHours(1))],
            }
        );
        await site.LookAgainAsync("a");
        var (isRuled, status) = site.Face("a").Cluster(false, false);
        Assert.True(isRuled);
        Assert.True(status.IsMaintenance);
        Assert.Equal(new LedgerLine("b", 1, now, IsDiscarded: true) { IsNewer = true }, Assert.Single(status.Ledger));
        Assert.Equal(
            new PromotionLine("a", 3, now, IsBarred: true, now + site.Timings.FlappingWindow),
            Assert.Single(status.Promotions)
        );
        var metrics = site.Metrics("a").Text();
        Assert.Contains("cluster_session_failover_maintenance 1\n", metrics);
        Assert.Contains("cluster_session_failover_unmerged_members 1\n", metrics);
        Assert.Contains("cluster_session_failover_promotions_in_window 3\n", metrics);
    }

    [Fact]
    public async Task Metrics_are_gauges_that_prometheus_reads()
    {
        await using var site = await RuledAsync();
        site.Redis["b"].Behind = 7;
        await site.LookAgainAsync("b");
        var lines = site.Metrics("b").Text().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("cluster_session_failover_is_primary 0", lines);
        Assert.Contains("cluster_session_failover_epoch 1", lines);
        Assert.Contains("cluster_session_failover_store_reachable 1", lines);
        Assert.Contains("cluster_session_failover_lag_bytes{member=\"b\"} 7", lines);
        Assert.Contains("cluster_session_failover_is_primary 1", site.Metrics("a").Text());
        Assert.Matches("lease_left_seconds [0-2]\\.[0-9]+\n", site.Metrics("a").Text());
        Assert.All(lines, line => Assert.Matches("^(# (HELP|TYPE) |)cluster_session_failover_[a-z_]+", line));
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static async Task<FaceSite> RuledAsync()
    {
        var site = new FaceSite(null, "a", "b");
        await site.UntilAsync(
            () => site.Face("a").Primary().Is && site.Face("b").Replica(0).Is,
            "a rules, and b follows"
        );
        return site;
    }
}
