using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using Xunit;

namespace ClusterSession.Failover.Tests.Deciding;

/// <summary>Who has what another has.</summary>
public sealed class HistoriesTests
{
    private static readonly RedisSight Master = new()
    {
        HistoryId = "new",
        Offset = 50,
        FormerHistoryId = "old",
        FormerOffset = 30,
        DataEpoch = 2,
    };

    [Theory]
    [InlineData("new", 50, true)]
    [InlineData("new", 51, false)]
    [InlineData("old", 30, true)]
    [InlineData("old", 31, false)]
    [InlineData("other", 0, false)]
    [InlineData("", 0, false)]
    public void Redis_is_contained_up_to_where_the_histories_part(string history, long offset, bool expected) =>
        Assert.Equal(
            expected,
            Histories.IsContained(
                new RedisSight
                {
                    HistoryId = history,
                    Offset = offset,
                    DataEpoch = 1,
                },
                Master
            )
        );

    [Theory]
    [InlineData("new", 50, 0L)]
    [InlineData("new", 57, 7L)]
    [InlineData("old", 29, 0L)]
    [InlineData("old", 37, 7L)]
    [InlineData("other", 7, null)]
    [InlineData("", 7, null)]
    public void Redis_is_ahead_by_what_its_history_has_beyond_the_branch(string history, long offset, long? expected) =>
        Assert.Equal(expected, Histories.Ahead(new HistoryPoint(history, offset), Master));

    [Fact]
    public void Empty_redis_is_contained_in_every_other() =>
        Assert.True(Histories.IsContained(new RedisSight { HistoryId = "other", IsEmpty = true }, Master));

    [Fact]
    public void Highest_epoch_comes_before_the_newest_offset()
    {
        Assert.True(Histories.Compare(Master, Master with { DataEpoch = 1, Offset = 1000 }) > 0);
        Assert.True(Histories.Compare(Master, Master with { Offset = 51 }) < 0);
    }
}
