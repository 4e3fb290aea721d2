using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Tests.Transport;
using Xunit;

namespace ClusterSession.Tests.Redis.Connection.Fencing;

public sealed class ReplicationFenceTests
{
    private const string None = "0000000000000000000000000000000000000000";

    // Seen before: a (generation 1), then b as the new master (generation 2).
    [Theory]
    [InlineData("b", "a", 2L, nameof(FenceResult.Same))]
    [InlineData("b", None, null, nameof(FenceResult.Same))]
    [InlineData("c", "b", 2L, nameof(FenceResult.Successor))]
    [InlineData("c", "b", 1L, nameof(FenceResult.Successor))]
    [InlineData("c", "b", null, nameof(FenceResult.Successor))]
    [InlineData("a", None, 1L, nameof(FenceResult.Deposed))]
    [InlineData("a", None, null, nameof(FenceResult.Deposed))]
    [InlineData("a", None, 2L, nameof(FenceResult.Deposed))]
    [InlineData("x", "a", 1L, nameof(FenceResult.ForkOfDeposed))]
    [InlineData("x", "a", null, nameof(FenceResult.ForkOfDeposed))]
    [InlineData("x", None, 1L, nameof(FenceResult.OlderGeneration))]
    [InlineData("x", "y", 1L, nameof(FenceResult.OlderGeneration))]
    [InlineData("x", None, 2L, nameof(FenceResult.Unknown))]
    [InlineData("x", None, null, nameof(FenceResult.Unknown))]
    [InlineData("x", None, 3L, nameof(FenceResult.Newer))]
    [InlineData("a", None, 3L, nameof(FenceResult.Newer))]
    [InlineData("", "", null, nameof(FenceResult.First))]
    public void A_server_is_judged_by_what_was_seen_before(
        string history,
        string former,
        long? generation,
        string expected
    )
    {
        var fence = new ReplicationFence(TimeSpan.FromSeconds(60), TimeProvider.System);
        fence.Accept(Server("a"), Of(1));
        fence.Accept(Server("b", "a"), Of(2));
        var verdict = fence.Judge(Server(history, former), generation);
        Assert.Equal(expected, verdict.ToString());
        Assert.Equal("b", fence.Current);
    }

    [Fact]
    public void The_first_server_is_accepted_whatever_it_is() =>
        Assert.Equal(
            FenceResult.First,
            new ReplicationFence(TimeSpan.FromSeconds(60), TimeProvider.System).Judge(Server("x", "y"), 7)
        );

    [Fact]
    public void Failover_and_switch_back_are_both_followed()
    {
        var fence = new ReplicationFence(TimeSpan.FromSeconds(60), TimeProvider.System);
        fence.Accept(Server("a"), Of(1));
        fence.Accept(Server("b", "a"), Of(2));
        Assert.Equal(FenceResult.Successor, fence.Judge(Server("c", "b"), 2));
        fence.Accept(Server("c", "b"), Of(3));
        Assert.Equal(FenceResult.Deposed, fence.Judge(Server("b", "a"), 2));
        Assert.Equal(FenceResult.Deposed, fence.Judge(Server("a"), 1));
    }

    [Fact]
    public void A_deposed_server_is_accepted_after_nothing_but_refusals_for_the_timeout_and_then_is_current()
    {
        var time = new JumpingTime();
        var fence = new ReplicationFence(TimeSpan.FromSeconds(60), time);
        fence.Accept(Server("a"), Of(null));
        fence.Accept(Server("b", "a"), Of(null));
        Assert.False(fence.HasRefusedForTooLong(FenceResult.Deposed, Server("a")));
        time.Jump(TimeSpan.FromSeconds(59));
        Assert.False(fence.HasRefusedForTooLong(FenceResult.Deposed, Server("a")));
        time.Jump(TimeSpan.FromSeconds(1));
        Assert.True(fence.HasRefusedForTooLong(FenceResult.Deposed, Server("a")));
        fence.Accept(Server("a"), Of(null));
        Assert.Equal(FenceResult.Same, fence.Judge(Server("a"), null));
        Assert.Equal(FenceResult.Deposed, fence.Judge(Server("b", "a"), null));
        Assert.False(fence.HasRefusedForTooLong(FenceResult.Deposed, Server("a")));
    }

    [Theory]
    [InlineData("7 w", 7L)]
    [InlineData("12", 12L)]
    [InlineData("", null)]
    [InlineData("w 7", null)]
    [InlineData("-1 w", null)]
    public void A_stored_generation_is_a_number_and_its_writer(string stored, long? expected) =>
        Assert.Equal(expected, StoredGeneration.Parse(System.Text.Encoding.UTF8.GetBytes(stored)).Number);

    [Theory]
    [InlineData("7 w", 7L)] // As earlier releases wrote it: any rise may have been a takeover.
    [InlineData("7 w 3", 3L)]
    public void A_stored_generation_tells_that_of_the_last_takeover(string stored, long? expected) =>
        Assert.Equal(expected, StoredGeneration.Parse(System.Text.Encoding.UTF8.GetBytes(stored)).Floor);

    [Fact]
    public void A_server_restarted_from_an_older_snapshot_is_none_that_was_deposed_unless_another_one_took_over_since()
    {
        var fence = new ReplicationFence(TimeSpan.FromSeconds(60), TimeProvider.System);
        AcceptAndRaise(Server("a"), Of(null), 1);
        AcceptAndRaise(Server("b"), Of(1), 2);
        Assert.Equal(FenceResult.Unknown, fence.Judge(Server("c"), 1));
        AcceptAndRaise(Server("c", "b"), Of(2), 3);
        Assert.Equal(FenceResult.OlderGeneration, fence.Judge(Server("d"), 2));
        Assert.Equal(FenceResult.OlderGeneration, fence.Judge(Server("d"), 1));

        void AcceptAndRaise(RedisServerIdentity server, StoredGeneration found, long raised)
        {
            var floor = fence.FloorOf(server, found, raised);
            fence.Accept(server, found);
            fence.Raise(new StoredGeneration(raised, floor));
        }
    }

    [Theory]
    [InlineData(true, nameof(FenceResult.Deposed), true)]
    [InlineData(true, nameof(FenceResult.OlderGeneration), false)]
    [InlineData(true, nameof(FenceResult.ForkOfDeposed), false)]
    [InlineData(false, nameof(FenceResult.Deposed), false)]
    public void A_deposed_server_that_runs_and_is_alone_behind_the_one_address_is_soon_accepted(
        bool isOneAddress,
        string verdict,
        bool expected
    )
    {
        var time = new JumpingTime();
        var fence = new ReplicationFence(TimeSpan.FromSeconds(60), time, isOneAddress);
        fence.Accept(Server("a"), Of(1));
        fence.Accept(Server("b", "a"), Of(2));
        Assert.False(IsAccepted("run"));
        time.Jump(ReplicationFence.OneAddressPatience / 2);
        Assert.False(IsAccepted("other")); // The address leads to several.
        time.Jump(ReplicationFence.OneAddressPatience / 2);
        Assert.False(IsAccepted("run"));
        time.Jump(ReplicationFence.OneAddressPatience);
        Assert.Equal(expected, IsAccepted("run"));

        bool IsAccepted(string run) =>
            fence.HasRefusedForTooLong(Enum.Parse<FenceResult>(verdict), Server("a") with { RunId = run });
    }

    private static StoredGeneration Of(long? generation) => new(generation, generation);

    private static RedisServerIdentity Server(string history, string former = None) =>
        new("run", history, former, -1, 0, RedisRole.Master, "7.0.15", "standalone");
}
