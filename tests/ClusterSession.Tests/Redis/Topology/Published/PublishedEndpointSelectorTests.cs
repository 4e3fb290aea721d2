using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Redis.Topology.Published;
using ClusterSession.TestKit.Time;
using ClusterSession.Transport.Links;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.Tests.Redis.Topology.Published;

/// <summary>Whom a link is led to by what a directory says.</summary>
public sealed class PublishedEndpointSelectorTests
{
    private static readonly RedisEndpoint A = new("a", 1);
    private static readonly RedisEndpoint B = new("b", 2);
    private static readonly RedisEndpoint C = new("c", 3);
    private static readonly ConnectException Away = new(ConnectFailure.Unreachable, "It is away.");
    private static readonly ConnectException Elsewhere = new(RedisConnectFailure.NotPublished, "No such path.");

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task Published_master_comes_first_and_then_each_member_without_a_pause_until_all_were_tried()
    {
        var selector = Selector();
        selector.Published(Says(B, 1));
        List<(RedisEndpoint, bool, bool)> tried = [];
        for (var i = 0; i < 4; i++)
        {
            var target = await NextAsync(selector);
            tried.Add((RedisEndpoint.At(target.Address), target.IsGuess, selector.Failed(target, Away)));
        }

        Assert.Equal([(B, false, true), (A, true, true), (C, true, false), (B, false, true)], tried);
    }

    [Fact]
    public async Task Guess_that_hangs_is_given_up_and_the_published_master_is_not()
    {
        var selector = Selector();
        selector.Published(Says(A, 1));
        var published = await NextAsync(selector);
        var guess = await NextAsync(selector);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(guess.Attempt.IsCancellationRequested);
        Assert.False(published.Attempt.IsCancellationRequested);
    }

    [Fact]
    public async Task Master_under_a_higher_epoch_is_gone_to_at_once()
    {
        var selector = Selector();
        selector.Published(Says(A, 1));
        var target = await NextAsync(selector);
        selector.Published(Says(B, 2));
        Assert.True(target.Connection.IsCancellationRequested);
        Assert.Equal(B, RedisEndpoint.At((await NextAsync(selector)).Address));
    }

    [Fact]
    public async Task Ensemble_that_begins_anew_counts_as_soon_as_it_publishes_a_higher_epoch()
    {
        var selector = Selector();
        selector.Published(new PublishedMaster(A, 9, [A, B, C], Change: 900));
        var target = await NextAsync(selector);
        selector.Published(new PublishedMaster(B, 2, [A, B, C], Change: 2));
        Assert.False(target.Connection.IsCancellationRequested);
        selector.Published(new PublishedMaster(B, 1010, [A, B, C], Change: 3)); // Its epochs were raised.
        Assert.True(target.Connection.IsCancellationRequested);
        Assert.Equal(B, RedisEndpoint.At((await NextAsync(selector)).Address));
    }

    [Fact]
    public async Task Same_master_under_a_higher_epoch_is_kept()
    {
        var selector = Selector();
        selector.Published(Says(A, 1));
        var target = await NextAsync(selector);
        selector.Published(Says(A, 2));
        Assert.False(target.Connection.IsCancellationRequested);
    }

    [Fact]
    public async Task Lower_epoch_and_what_was_published_before_change_nothing()
    {
        var selector = Selector();
        selector.Published(Says(A, 5) with { Change = 10 });
        var target = await NextAsync(selector);
        selector.Published(Says(B, 4) with { Change = 11 });
        selector.Published(Says(B, 5) with { Change = 9 });
        Assert.False(target.Connection.IsCancellationRequested);
        selector.Changed(isConnected: false);
        Assert.Equal(A, RedisEndpoint.At((await NextAsync(selector)).Address));
    }

    [Fact]
    public async Task Master_that_shows_a_higher_epoch_than_the_published_one_outvotes_it()
    {
        var lease = new LeaseAdmission("lease"u8.ToArray(), "zookeeper");
        var selector = Selector(lease);
        selector.Published(Says(A, 5));
        lease.Accept(7); // Seen in a record.
        var target = await NextAsync(selector);
        selector.Published(Says(B, 6) with { Change = 6 });
        Assert.False(target.Connection.IsCancellationRequested);
        selector.Published(Says(B, 8) with { Change = 7 });
        Assert.True(target.Connection.IsCancellationRequested);
    }

    [Fact]
    public void Epoch_that_was_published_counts_as_seen()
    {
        var lease = new LeaseAdmission("lease"u8.ToArray(), "zookeeper");
        Selector(lease).Published(Says(A, 5));
        Assert.False(lease.Accept(4));
        Assert.True(lease.Accept(5));
    }

    [Fact]
    public async Task Last_master_stays_while_another_one_is_chosen()
    {
        var selector = Selector();
        selector.Published(Says(B, 1));
        var target = await NextAsync(selector);
        selector.Published(new PublishedMaster(null, 0, [A, B], 2));
        Assert.False(target.Connection.IsCancellationRequested);
        selector.Changed(isConnected: false);
        Assert.Equal(B, RedisEndpoint.At((await NextAsync(selector)).Address));
        Assert.Equal(A, RedisEndpoint.At((await NextAsync(selector)).Address)); // C is no member any more.
        Assert.Equal(B, RedisEndpoint.At((await NextAsync(selector)).Address));
    }

    [Fact]
    public async Task Directory_that_is_away_leaves_the_last_master_in_use()
    {
        var selector = Selector();
        selector.Published(Says(A, 1));
        var target = await NextAsync(selector);
        selector.Missing(Away);
        selector.Missing(Elsewhere);
        Assert.False(target.Connection.IsCancellationRequested);
        selector.Changed(isConnected: false);
        Assert.Equal(A, RedisEndpoint.At((await NextAsync(selector)).Address));
    }

    [Fact]
    public async Task What_needs_an_operator_is_said_at_once_and_a_directory_that_is_away_is_waited_for()
    {
        var selector = Selector();
        selector.Missing(Elsewhere);
        Assert.Equal(
            Elsewhere.Message,
            (await Assert.ThrowsAsync<ConnectException>(() => NextAsync(selector))).Message
        );

        selector.Missing(Away);
        var next = NextAsync(selector);
        Assert.False(next.IsCompleted);
        selector.Published(Says(A, 1));
        Assert.Equal(A, RedisEndpoint.At((await next).Address));
    }

    [Theory]
    [InlineData(true, "It is away.")]
    [InlineData(false, "No master was published in time.")]
    public async Task Directory_that_says_nothing_is_not_waited_for_longer_than_patience(bool isAway, string expected)
    {
        var selector = Selector();
        if (isAway)
        {
            selector.Missing(Away);
        }

        var next = NextAsync(selector);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(expected, (await Assert.ThrowsAsync<ConnectException>(() => next)).Message);
    }

    [Fact]
    public async Task Without_a_lease_the_published_master_alone_is_used_and_left_for_the_next()
    {
        var selector = new PublishedEndpointSelector(new ServerAddress("z", 1), TimeSpan.FromSeconds(3), null, _time);
        selector.Published(new PublishedMaster(null, 0, [A, B], 1));
        var next = NextAsync(selector);
        Assert.False(next.IsCompleted);
        selector.Published(Says(A, 3));
        var target = await next;
        Assert.False(selector.Failed(target, Away));
        target = await NextAsync(selector);
        Assert.Equal(A, RedisEndpoint.At(target.Address));
        await selector.AdmitAsync(null!, target, default);
        selector.Published(Says(B, 4));
        Assert.True(target.Connection.IsCancellationRequested);
    }

    private static Task<LinkTarget> NextAsync(PublishedEndpointSelector selector) =>
        selector.NextAsync(CancellationToken.None).AsTask();

    private static PublishedMaster Says(RedisEndpoint master, long epoch) => new(master, epoch, [A, B, C], epoch);

    private PublishedEndpointSelector Selector(LeaseAdmission? lease = null) =>
        new(
            new ServerAddress("z", 1),
            TimeSpan.FromSeconds(3),
            lease ?? new LeaseAdmission("lease"u8.ToArray(), "zookeeper"),
            _time
        );
}
