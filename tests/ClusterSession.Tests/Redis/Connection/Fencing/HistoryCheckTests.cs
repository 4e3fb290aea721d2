using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Tests.Transport;
using Xunit;

namespace ClusterSession.Tests.Redis.Connection.Fencing;

public sealed class HistoryCheckTests
{
    private const string None = "0000000000000000000000000000000000000000";

    // Seen before: a (generation 1), then b as the new master (generation 2).
    [Theory]
    [InlineData("b", "a", 2L, nameof(HistoryCheckResult.Same))]
    [InlineData("b", None, null, nameof(HistoryCheckResult.Same))]
    [InlineData("c", "b", 2L, nameof(HistoryCheckResult.Promoted))]
    [InlineData("c", "b", 1L, nameof(HistoryCheckResult.Promoted))]
    [InlineData("c", "b", null, nameof(HistoryCheckResult.Promoted))]
    [InlineData("a", None, 1L, nameof(HistoryCheckResult.Deposed))]
    [InlineData("a", None, null, nameof(HistoryCheckResult.Deposed))]
    [InlineData("a", None, 2L, nameof(HistoryCheckResult.Deposed))]
    [InlineData("x", "a", 1L, nameof(HistoryCheckResult.ForkOfDeposed))]
    [InlineData("x", "a", null, nameof(HistoryCheckResult.ForkOfDeposed))]
    [InlineData("x", None, 1L, nameof(HistoryCheckResult.OlderGeneration))]
    [InlineData("x", "y", 1L, nameof(HistoryCheckResult.OlderGeneration))]
    [InlineData("x", None, 2L, nameof(HistoryCheckResult.Unknown))]
    [InlineData("x", None, null, nameof(HistoryCheckResult.Unknown))]
    [InlineData("x", None, 3L, nameof(HistoryCheckResult.Newer))]
    [InlineData("a", None, 3L, nameof(HistoryCheckResult.Newer))]
    [InlineData("", "", null, nameof(HistoryCheckResult.First))]
    public void A_server_is_judged_by_what_was_seen_before(
        string history,
        string former,
        long? generation,
        string expected
    )
    {
        var histories = new HistoryCheck(TimeSpan.FromSeconds(60), TimeProvider.System);
        histories.Accept(Server("a"), Of(1));
        histories.Accept(Server("b", "a"), Of(2));
        var verdict = histories.Judge(Server(history, former), generation);
        Assert.Equal(expected, verdict.ToString());
        Assert.Equal("b", histories.Current);
    }

    [Fact]
    public void The_first_server_is_accepted_whatever_it_is() =>
        Assert.Equal(
            HistoryCheckResult.First,
            new HistoryCheck(TimeSpan.FromSeconds(60), TimeProvider.System).Judge(Server("x", "y"), 7)
        );

    [Fact]
    public void Failover_and_switch_back_are_both_followed()
    {
        var histories = new HistoryCheck(TimeSpan.FromSeconds(60), TimeProvider.System);
        histories.Accept(Server("a"), Of(1));
        histories.Accept(Server("b", "a"), Of(2));
        Assert.Equal(HistoryCheckResult.Promoted, histories.Judge(Server("c", "b"), 2));
        histories.Accept(Server("c", "b"), Of(3));
        Assert.Equal(HistoryCheckResult.Deposed, histories.Judge(Server("b", "a"), 2));
        Assert.Equal(HistoryCheckResult.Deposed, histories.Judge(Server("a"), 1));
    }

    [Fact]
    public void A_deposed_server_is_accepted_after_a_timeout_of_refusals_alone_and_is_current_then()
    {
        var time = new JumpingTime();
        var histories = new HistoryCheck(TimeSpan.FromSeconds(60), time);
        histories.Accept(Server("a"), Of(null));
        histories.Accept(Server("b", "a"), Of(null));
        Assert.False(histories.HasRefusedForTooLong(HistoryCheckResult.Deposed, Server("a")));
        time.Jump(TimeSpan.FromSeconds(59));
        Assert.False(histories.HasRefusedForTooLong(HistoryCheckResult.Deposed, Server("a")));
        time.Jump(TimeSpan.FromSeconds(1));
        Assert.True(histories.HasRefusedForTooLong(HistoryCheckResult.Deposed, Server("a")));
        histories.Accept(Server("a"), Of(null));
        Assert.Equal(HistoryCheckResult.Same, histories.Judge(Server("a"), null));
        Assert.Equal(HistoryCheckResult.Deposed, histories.Judge(Server("b", "a"), null));
        Assert.False(histories.HasRefusedForTooLong(HistoryCheckResult.Deposed, Server("a")));
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
    public void A_server_restarted_from_an_older_snapshot_is_deposed_only_if_another_has_taken_over()
    {
        var histories = new HistoryCheck(TimeSpan.FromSeconds(60), TimeProvider.System);
        AcceptAndRaise(Server("a"), Of(null), 1);
        AcceptAndRaise(Server("b"), Of(1), 2);
        Assert.Equal(HistoryCheckResult.Unknown, histories.Judge(Server("c"), 1));
        AcceptAndRaise(Server("c", "b"), Of(2), 3);
        Assert.Equal(HistoryCheckResult.OlderGeneration, histories.Judge(Server("d"), 2));
        Assert.Equal(HistoryCheckResult.OlderGeneration, histories.Judge(Server("d"), 1));

        void AcceptAndRaise(RedisServerIdentity server, StoredGeneration found, long raised)
        {
            var floor = histories.FloorOf(server, found, raised);
            histories.Accept(server, found);
            histories.Raise(new StoredGeneration(raised, floor));
        }
    }

    [Theory]
    [InlineData(true, nameof(HistoryCheckResult.Deposed), true)]
    [InlineData(true, nameof(HistoryCheckResult.OlderGeneration), false)]
    [InlineData(true, nameof(HistoryCheckResult.ForkOfDeposed), false)]
    [InlineData(false, nameof(HistoryCheckResult.Deposed), false)]
    public void A_deposed_server_that_runs_and_is_alone_behind_the_one_address_is_soon_accepted(
        bool isOneAddress,
        string verdict,
        bool expected
    )
    {
        var time = new JumpingTime();
        var histories = new HistoryCheck(TimeSpan.FromSeconds(60), time, isOneAddress);
        histories.Accept(Server("a"), Of(1));
        histories.Accept(Server("b", "a"), Of(2));
        Assert.False(IsAccepted("run"));
        time.Jump(HistoryCheck.OneAddressPatience / 2);
        Assert.False(IsAccepted("other")); // The address leads to several.
        time.Jump(HistoryCheck.OneAddressPatience / 2);
        Assert.False(IsAccepted("run"));
        time.Jump(HistoryCheck.OneAddressPatience);
        Assert.Equal(expected, IsAccepted("run"));

        bool IsAccepted(string run) =>
            histories.HasRefusedForTooLong(Enum.Parse<HistoryCheckResult>(verdict), Server("a") with { RunId = run });
    }

    private static StoredGeneration Of(long? generation) => new(generation, generation);

    private static RedisServerIdentity Server(string history, string former = None) =>
        new("run", history, former, -1, 0, RedisRole.Master, "7.0.15", "standalone");
}
