using ClusterSession.Redis;
using ClusterSession.Redis.Topology.Sentinel;
using Xunit;

namespace ClusterSession.Tests.Redis.Topology.Sentinel;

public sealed class SentinelViewTests
{
    // Answers in the order in which they come: sentinel, epoch, master (? = knows none).
    [Theory]
    [InlineData("1:3:a", "a")]
    [InlineData("1:3:a 2:5:b", "b")]
    [InlineData("1:5:b 2:3:a", "b")]
    [InlineData("1:3:a 2:3:a 3:4:b", "b")]
    [InlineData("1:3:b 2:3:a 3:3:a", "a")]
    [InlineData("1:3:a 2:3:b", "a")]
    [InlineData("1:5:b 1:3:a", "b")]
    [InlineData("1:0:?", null)]
    [InlineData("1:0:? 2:1:a", "a")]
    [InlineData("1:1:a 1:0:?", "a")]
    public void The_newest_epoch_wins(string answers, string? master)
    {
        var view = new SentinelView();
        foreach (var answer in answers.Split(' ').Select(a => a.Split(':')))
        {
            view.Report(
                Endpoint("s" + answer[0]),
                answer[2] == "?" ? SentinelAnswer.Unknown : Answer(answer[2], long.Parse(answer[1]))
            );
        }

        Assert.Equal(master, view.Master?.Host);
        Assert.Equal(master is null, view.IsUnknown);
    }

    [Fact]
    public void A_change_of_master_is_reported_once()
    {
        var view = new SentinelView();
        Assert.True(view.Report(Endpoint("s1"), Answer("a", 1)));
        Assert.False(view.Report(Endpoint("s2"), Answer("a", 1)));
        Assert.True(view.Report(Endpoint("s2"), Answer("b", 2)));
        Assert.False(view.Report(Endpoint("s1"), Answer("b", 2)));
        Assert.False(view.Report(Endpoint("s3"), Answer("a", 1)));
    }

    [Fact]
    public void With_all_sentinels_lost_the_last_master_stays()
    {
        var view = new SentinelView();
        view.Report(Endpoint("s1"), Answer("a", 1) with { IsFailingOver = true, Replicas = [Endpoint("b")] });
        Assert.True(view.IsFailingOver);
        view.Lost(Endpoint("s1"));
        Assert.Equal("a", view.Master?.Host);
        Assert.False(view.IsFailingOver);
        Assert.False(view.AllAreOlder);
    }

    [Fact]
    public void Sentinels_that_were_set_up_anew_are_believed_after_forgetting()
    {
        var view = new SentinelView();
        view.Report(Endpoint("s1"), Answer("a", 7));
        view.Lost(Endpoint("s1"));
        view.Report(Endpoint("s1"), Answer("b", 0));
        Assert.Equal("a", view.Master?.Host);
        Assert.True(view.AllAreOlder);
        view.Forget();
        Assert.Equal("a", view.Master?.Host);
        Assert.True(view.Report(Endpoint("s1"), Answer("b", 0)));
        Assert.Equal("b", view.Master?.Host);
    }

    [Fact]
    public void Only_sentinels_of_the_newest_configuration_tell_replicas_and_failovers()
    {
        var view = new SentinelView();
        view.Report(
            Endpoint("s1"),
            Answer("a", 1) with
            {
                IsFailingOver = true,
                Replicas = [Endpoint("x")],
                Sentinels = [Endpoint("s2")],
            }
        );
        view.Report(
            Endpoint("s2"),
            Answer("b", 2) with
            {
                Replicas = [Endpoint("c"), Endpoint("b")],
                Sentinels = [Endpoint("s3")],
            }
        );
        Assert.False(view.IsFailingOver);
        Assert.Equal(["c"], view.Replicas.Select(r => r.Host));
        Assert.Equal(["s2", "s3"], view.Sentinels.Select(r => r.Host).Order());
    }

    private static SentinelAnswer Answer(string master, long epoch) => new(Endpoint(master), epoch, false, [], []);

    private static RedisEndpoint Endpoint(string host) => new(host, 1);
}
