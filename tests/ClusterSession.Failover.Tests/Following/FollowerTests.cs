using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;
using Xunit;

namespace ClusterSession.Failover.Tests.Following;

/// <summary>Whom a follower follows, what it merges before, and what it never does.</summary>
public sealed class FollowerTests : IAsyncLifetime
{
    private readonly FollowerSite _site = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await _site.DisposeAsync();

    [Fact]
    public async Task Follower_follows_the_open_master_that_an_agent_names()
    {
        var tenure = await _site.OpenAsync("a", 1);
        _site.Silence("a");
        _site.Answer("b", "a", 1);
        await FollowsAsync(tenure);
        Assert.Equal(MemberRole.Replica, _site.Face.Replica(0).Status.Role);
        Assert.True(_site.Face.Replica(0).Is);
        Assert.True(_site.Face.ReadOnly().Is);
        Assert.False(_site.Face.Primary().Is);
        Assert.Empty(_site.Face.Health().Problems);
    }

    [Fact]
    public async Task Answer_of_the_highest_lease_counts_and_a_later_one_of_a_former_lease_does_not()
    {
        var first = await _site.OpenAsync("a", 1);
        _site.Answer("a", "a", 1);
        await FollowsAsync(first);
        await CopyHistoryAsync("a", "b");
        var second = await _site.OpenAsync("b", 2);
        _site.Answer("b", "b", 2);
        await FollowsAsync(second);

        // The former master is cut off, and says so to nobody.
        _site.Silence("b");
        await _site.LookAgainAsync();
        Assert.Equal(second, _site.Own.Sight.Follows);
        Assert.Single(_site.Face.Health().Problems);
        Assert.True(_site.Face.Replica(null).Is);
    }

    [Fact]
    public async Task Without_agents_and_without_a_ruler_it_follows_whom_it_followed_and_is_not_promoted()
    {
        var tenure = await _site.OpenAsync("a", 1);
        _site.Answer("a", "a", 1);
        await FollowsAsync(tenure);
        _site.Silence("a");
        await _site.LookAgainAsync();
        Assert.Equal((false, tenure), (_site.Own.Sight.IsMaster, _site.Own.Sight.Follows!.Value));
        Assert.Contains("No agent of the cluster is responding", Assert.Single(_site.Face.Health().Problems));

        _site.Redis["a"].IsDown = true;
        _site.Answer("b", ruler: null, 1);
        await _site.LookAgainAsync();
        Assert.Equal((false, tenure), (_site.Own.Sight.IsMaster, _site.Own.Sight.Follows!.Value));
    }

    [Fact]
    public async Task What_only_it_has_is_merged_before_it_follows_and_again_where_the_lease_has_moved()
    {
        var first = await _site.OpenAsync("a", 1);
        _site.Answer("a", "a", 1);
        await FollowsAsync(first);
        _site.Redis["a"].IsDown = true;
        var second = await _site.OpenAsync("b", 2); // Another history.
        _site.Answer("b", "b", 2);
        await _site.UntilAsync(() => _site.Agent.Merge is { State: MergeState.Failed }, "the merge has failed");

        // It has left its former master, and waits.
        Assert.Equal(RedisAction.Leave.NoLease, _site.Own.Sight.Follows!.Value.Epoch);
        Assert.Equal((second.RunId, second.Epoch), (_site.Agent.Merge!.What.Target, _site.Agent.Merge.What.Epoch));

        var third = await _site.OpenAsync("b", 3);
        _site.Answer("b", "b", 3);
        _site.Own.Merging = new MergeOutcome.Merged(new MemberMergeCounts(5, 5, 2, 100), Confirmed: 0);
        await FollowsAsync(third);
        Assert.Equal((MergeState.Merged, 3), (_site.Agent.Merge!.State, _site.Agent.Merge.What.Epoch));
        await _site.UntilAsync(() => _site.Agent.Look!.View.Document.Ledger.Count == 0, "nothing is unmerged");
    }

    [Fact]
    public async Task What_was_merged_under_a_former_lease_is_merged_anew_into_the_next_master()
    {
        var first = await _site.OpenAsync("a", 1);
        _site.Answer("a", "a", 1);
        await FollowsAsync(first);
        _site.Redis["a"].IsDown = true;
        await _site.OpenAsync("b", 2);
        _site.Own.Merging = new MergeOutcome.Merged(new MemberMergeCounts(5, 5, 2, 100), Confirmed: 1);
        _site.Redis["b"].IsDown = true; // It is named, and nobody sees it.
        _site.Answer("b", "b", 2);
        await _site.LookAgainAsync();
        Assert.Null(_site.Agent.Merge);
        Assert.Equal(first, _site.Own.Sight.Follows);

        _site.Redis["b"].IsDown = false;
        await _site.UntilAsync(() => _site.Agent.Merge is { State: MergeState.Merged, What.Epoch: 2 }, "it was merged");
        var next = await _site.OpenAsync("b", 3);
        _site.Answer("b", "b", 3);
        await FollowsAsync(next);
    }

    [Fact]
    public async Task Name_of_a_member_of_the_cluster_is_a_trouble_and_nothing_is_done()
    {
        await _site.OpenAsync("a", 1);
        _site.Answer("a", "a", 1, "a", "b", FollowerSite.Self);
        await _site.UntilAsync(() => _site.Agent.Trouble is not null, "it says what is wrong");
        Assert.Contains("slave1 is a member of the cluster north", _site.Face.Health().Problems[^1]);
        Assert.Null(_site.Own.Sight.Follows);
    }

    private Task FollowsAsync(Tenure tenure) =>
        _site.UntilAsync(
            () =>
                _site.Own.Sight is { IsLinkUp: true } sight
                && sight.Follows == tenure
                && _site.Agent.Look is { Decision: Decision.Nothing { Why: Reason.Follows } },
            $"it follows {tenure.Epoch}"
        );

    /// <summary>
    /// Has a member follow another one, and look once, so that it has its history.
    /// </summary>
    private async Task CopyHistoryAsync(string from, string to)
    {
        var tenure = _site.Redis[from].Sight.Record!.Value;
        await _site.Redis[to].FollowAsync(null!, tenure, default);
        await _site.Redis[to].LookAsync(default);
    }
}
