using System.Net.Sockets;
using ClusterSession.TestKit.Time;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.Tests.Transport.Sockets;

public sealed class SocketRaceTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly List<(TaskCompletionSource<Socket> Attempt, CancellationToken Over)> _attempts = [];

    [Fact]
    public async Task Attempt_that_is_connected_at_once_is_the_only_one()
    {
        using var socket = New();
        var racing = RunAsync();
        _attempts[0].Attempt.SetResult(socket);
        Assert.Same(socket, await racing);
        _time.Advance(SocketRace.Pause * 3);
        Assert.Single(_attempts);
    }

    [Fact]
    public async Task Attempt_whose_packets_are_lost_is_overtaken_by_a_later_one_and_given_up()
    {
        using var socket = New();
        var racing = RunAsync();
        await BeginAnotherAsync(2);
        await BeginAnotherAsync(3);
        _attempts[2].Attempt.SetResult(socket);
        Assert.Same(socket, await racing);
        Assert.All(_attempts.Take(2), one => Assert.True(one.Over.IsCancellationRequested));
    }

    [Fact]
    public async Task First_attempt_is_taken_though_others_have_begun()
    {
        using var socket = New();
        var racing = RunAsync();
        await BeginAnotherAsync(2);
        _attempts[0].Attempt.SetResult(socket);
        Assert.Same(socket, await racing);
    }

    [Fact]
    public async Task Socket_that_is_connected_too_late_is_closed()
    {
        using var socket = New();
        var late = New();
        var racing = RunAsync();
        await BeginAnotherAsync(2);
        _attempts[1].Attempt.SetResult(socket);
        await racing;
        _attempts[0].Attempt.SetResult(late);
        await Condition.HoldsAsync(() => late.SafeHandle.IsClosed, "it is closed");
        Assert.False(socket.SafeHandle.IsClosed);
    }

    [Fact]
    public async Task Attempt_that_is_refused_ends_all()
    {
        var racing = RunAsync();
        await BeginAnotherAsync(2);
        _attempts[1].Attempt.SetException(new SocketException((int)SocketError.ConnectionRefused));
        await Assert.ThrowsAsync<SocketException>(() => racing);
        Assert.True(_attempts[0].Over.IsCancellationRequested);
    }

    [Fact]
    public async Task Attempt_that_fails_without_being_refused_leaves_the_race_to_the_others()
    {
        using var socket = New();
        var racing = RunAsync();
        await BeginAnotherAsync(2);
        _attempts[1].Attempt.SetException(new SocketException((int)SocketError.TooManyOpenSockets));
        await BeginAnotherAsync(3);
        _attempts[0].Attempt.SetResult(socket);
        Assert.Same(socket, await racing);
    }

    [Fact]
    public async Task Last_attempt_that_fails_ends_the_race()
    {
        var racing = RunAsync();
        _attempts[0].Attempt.SetException(new SocketException((int)SocketError.NetworkUnreachable));
        Assert.Equal(
            SocketError.NetworkUnreachable,
            (await Assert.ThrowsAsync<SocketException>(() => racing)).SocketErrorCode
        );
    }

    [Fact]
    public async Task No_more_attempts_are_under_way_than_those_of_a_second()
    {
        using var gone = new CancellationTokenSource();
        var racing = RunAsync(gone.Token);
        await BeginAnotherAsync(SocketRace.MaxAtOnce + 3);
        lock (_attempts)
        {
            Assert.True(_attempts[0].Over.IsCancellationRequested);
            Assert.InRange(_attempts.Count(one => !one.Over.IsCancellationRequested), 1, SocketRace.MaxAtOnce);
        }

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => racing);
        Assert.All(_attempts, one => Assert.True(one.Over.IsCancellationRequested));
    }

    private static Socket New() => new(SocketType.Stream, ProtocolType.Tcp);

    private Task<Socket> RunAsync(CancellationToken cancellationToken = default) =>
        new SocketRace(DialAsync, _time).RunAsync(cancellationToken);

    private Task<Socket> DialAsync(CancellationToken over)
    {
        var attempt = new TaskCompletionSource<Socket>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_attempts)
        {
            _attempts.Add((attempt, over));
        }

        return attempt.Task;
    }

    /// <summary>
    /// The pause begins a little after the attempt before it: time passes until then.
    /// </summary>
    private Task BeginAnotherAsync(int count) =>
        Condition.HoldsAsync(
            () =>
            {
                _time.Advance(SocketRace.Pause);
                lock (_attempts)
                {
                    return _attempts.Count >= count;
                }
            },
            $"attempt {count} has begun"
        );
}
