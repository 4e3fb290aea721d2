using System.Collections.Concurrent;
using ClusterSession.TestKit.Faults;
using ClusterSession.TestKit.Time;
using ClusterSession.Transport.Links;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.Tests.Transport.Links;

public sealed class ReconnectingLinkTests
{
    [Fact]
    public async Task Lost_connection_is_made_again_under_a_new_epoch()
    {
        await using var server = new EchoServer();
        await using var network = FaultProxy.Start(server.Address.Port);
        var observer = new Observer();
        await using var link = Begin([new ServerAddress("127.0.0.1", network.Port)], observer: observer);
        var first = await link.GetAsync(CancellationToken.None);
        network.Cut();
        await first.Closed;
        await Condition.HoldsAsync(() => observer.Events.Contains("failed Unreachable"));
        Assert.Null(link.Current);
        network.Heal();
        var second = await link.GetAsync(CancellationToken.None);
        Assert.True(second.Epoch > first.Epoch);
        Assert.Same(second, link.Current);
        Assert.Null(link.LastFailure);
        Assert.Equal(["connected", "lost", "connected"], observer.Events.Where(one => one != "failed Unreachable"));
        Assert.Equal("again", await second.SendAsync(new EchoRequest("again")));
    }

    [Fact]
    public async Task Callers_wait_for_a_server_that_is_not_there_until_the_deadline_and_hear_why()
    {
        var observer = new Observer();
        await using var link = Begin(
            [new ServerAddress("127.0.0.1", FreePort.Next())],
            EchoLink.Patient with
            {
                ConnectTimeout = TimeSpan.FromMilliseconds(200),
            },
            observer: observer
        );
        await Condition.HoldsAsync(() => observer.Events.Contains("failed Unreachable"));
        var failure = await Assert.ThrowsAsync<ConnectException>(() => link.GetAsync(CancellationToken.None).AsTask());
        Assert.Equal(ConnectFailure.TimedOut, failure.Failure);
        Assert.Contains("Last attempt: No connection to", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failure_that_needs_an_operator_is_reported_at_once_and_retried_in_case_it_is_mended()
    {
        await using var server = new EchoServer { Answer = static _ => "something else" };
        await using var link = Begin([server.Address]);
        var failure = await Assert.ThrowsAsync<ConnectException>(() => link.GetAsync(CancellationToken.None).AsTask());
        Assert.Equal(ConnectFailure.Unsupported, failure.Failure);
        server.Answer = static text => text;
        await Condition.HoldsAsync(() => link.Current is not null);
    }

    [Fact]
    public async Task Of_several_addresses_the_next_is_tried_at_once()
    {
        await using var server = new EchoServer();
        // Time stands: a pause would never end.
        await using var link = Begin(
            [new ServerAddress("127.0.0.1", FreePort.Next()), server.Address],
            time: new ManualTimeProvider()
        );
        await Condition.HoldsAsync(() => link.Current is not null);
        Assert.Equal(server.Address, link.Current!.Address);
    }

    [Fact]
    public async Task Pause_ends_when_somebody_knows_that_the_server_is_back()
    {
        await using var server = new EchoServer();
        await using var network = FaultProxy.Start(server.Address.Port);
        network.Cut();
        var observer = new Observer();
        await using var link = Begin(
            [new ServerAddress("127.0.0.1", network.Port)],
            time: new ManualTimeProvider(),
            observer: observer
        );
        await Condition.HoldsAsync(() => observer.Events.Contains("failed Unreachable"));
        network.Heal();
        await Condition.HoldsAsync(() =>
        {
            link.RetryNow();
            return link.Current is not null;
        });
        Assert.Equal(["failed Unreachable", "connected"], observer.Events);
    }

    [Fact]
    public async Task Server_that_the_selector_refuses_is_never_handed_out()
    {
        await using var server = new EchoServer();
        var selector = new Doorman([server.Address]);
        var observer = new Observer();
        await using var link = Begin(selector, observer: observer);
        await Condition.HoldsAsync(() => observer.Events.Count(static one => one == "failed NotReady") >= 2);
        Assert.Null(link.Current);
        selector.Opens = true;
        await link.GetAsync(CancellationToken.None);
        Assert.DoesNotContain("lost", observer.Events);
    }

    [Fact]
    public async Task Target_that_is_left_closes_its_connection_and_the_next_is_asked_for_without_a_pause()
    {
        await using var one = new EchoServer();
        await using var other = new EchoServer();
        var selector = new Directory(one.Address);
        await using var link = Begin(selector, time: new ManualTimeProvider());
        var first = await link.GetAsync(CancellationToken.None);
        selector.MoveTo(other.Address);
        Assert.Contains("another server", (await first.Closed).Message, StringComparison.Ordinal);
        await Condition.HoldsAsync(() => link.Current is not null);
        Assert.Equal(other.Address, link.Current!.Address);
    }

    [Fact]
    public async Task Link_that_is_disposed_fails_those_who_wait()
    {
        var link = Begin([new ServerAddress("127.0.0.1", FreePort.Next())]);
        var waiting = link.GetAsync(CancellationToken.None).AsTask();
        await link.DisposeAsync();
        await Assert.ThrowsAsync<ConnectException>(() => waiting);
    }

    [Fact]
    public async Task Observer_that_throws_does_not_end_the_link()
    {
        await using var server = new EchoServer();
        var observer = new Observer { Throws = true };
        await using var link = Begin([server.Address], observer: observer);
        await Condition.HoldsAsync(() => observer.Events.Contains("connected"));
        observer.Throws = false;
        await link.GetAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Observer_that_throws_at_a_failure_does_not_end_the_link()
    {
        var observer = new Observer { Throws = true };
        await using var link = Begin([new ServerAddress("127.0.0.1", FreePort.Next())], observer: observer);
        await Condition.HoldsAsync(() => observer.Events.Count >= 3, "it goes on connecting");
        Assert.All(observer.Events, said => Assert.StartsWith("failed", said, StringComparison.Ordinal));
    }

    private static ReconnectingLink<EchoConnection> Begin(
        ServerAddress[] addresses,
        TransportOptions? options = null,
        TimeProvider? time = null,
        Observer? observer = null
    ) => Begin(new StaticEndpointSelector<EchoConnection>(addresses), options, time, observer);

    private static ReconnectingLink<EchoConnection> Begin(
        IEndpointSelector<EchoConnection> selector,
        TransportOptions? options = null,
        TimeProvider? time = null,
        Observer? observer = null
    )
    {
        options ??= EchoLink.Patient;
        var link = new ReconnectingLink<EchoConnection>(
            selector,
            EchoLink.ConnectorOf(options, time).ConnectAsync,
            options,
            time ?? TimeProvider.System,
            new Random(1),
            observer
        );
        link.Start();
        return link;
    }

    private sealed class Observer : ILinkObserver<EchoConnection>
    {
        public ConcurrentQueue<string> Events { get; } = new();

        public volatile bool Throws;

        public void OnConnected(EchoConnection connection)
        {
            Events.Enqueue("connected");
            ThrowIfSo();
        }

        public void OnDisconnected(EchoConnection connection, ConnectionException reason) => Events.Enqueue("lost");

        public void OnConnectFailed(ServerAddress address, ConnectException failure)
        {
            Events.Enqueue($"failed {failure.Failure}");
            ThrowIfSo();
        }

        private void ThrowIfSo()
        {
            if (Throws)
            {
                throw new InvalidOperationException("An observer that throws.");
            }
        }
    }

    /// <summary>Accepts nobody before a test opens it.</summary>
    private sealed class Doorman(ServerAddress[] addresses) : StaticEndpointSelector<EchoConnection>(addresses)
    {
        public volatile bool Opens;

        public override ValueTask AdmitAsync(
            EchoConnection connection,
            LinkTarget target,
            CancellationToken cancellationToken
        ) => Opens ? default : throw new ConnectException(ConnectFailure.NotReady, $"{target.Address} waits.");
    }

    /// <summary>Names one address, and another one later.</summary>
    private sealed class Directory(ServerAddress address) : IEndpointSelector<EchoConnection>
    {
        private volatile LinkTarget _target = new(address);

        public ServerAddress Place => _target.Address;

        public void MoveTo(ServerAddress next)
        {
            var left = _target;
            _target = new LinkTarget(next);
            left.Leave();
        }

        public ValueTask<LinkTarget> NextAsync(CancellationToken cancellationToken) => new(_target);

        public ValueTask AdmitAsync(
            EchoConnection connection,
            LinkTarget target,
            CancellationToken cancellationToken
        ) => default;

        public bool Failed(LinkTarget? target, ConnectException failure) => false;
    }
}
