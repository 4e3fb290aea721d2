using System.Net;
using System.Net.Sockets;
using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.Histories;
using ClusterSession.TestKit.Faults;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Load;

/// <summary>
/// What a client may conclude from how its request ended; the most important judgement of all.
/// </summary>
public sealed class RequestSenderTests
{
    [Fact]
    public async Task A_refused_connection_is_a_fail()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var endPoint = (IPEndPoint)closed.LocalEndpoint;
        closed.Stop();

        var request = await AppendAsync(endPoint);

        Assert.Equal(RequestResult.Fail, request.Result);
        Assert.Equal("ConnectionRefused", request.Note);
    }

    [Fact]
    public async Task A_reset_after_the_request_was_taken_is_unknown()
    {
        await using var node = await ChaosNodeProcess.StartAsync(new NodeSettings());
        await using var proxy = FaultProxy.Start(node.EndPoint);
        proxy.ToClient.Hold();
        var sending = AppendAsync(proxy.EndPoint);
        await Condition.HoldsAsync(() => proxy.Counters.ToClient.Received > 0);

        proxy.Cut();

        Assert.Equal(RequestResult.Info, (await sending).Result);
    }

    [Fact]
    public async Task A_timeout_is_unknown()
    {
        await using var node = await ChaosNodeProcess.StartAsync(new NodeSettings());
        await using var proxy = FaultProxy.Start(node.EndPoint);
        proxy.Blackhole();

        var request = await AppendAsync(proxy.EndPoint, timeout: TimeSpan.FromMilliseconds(50));

        Assert.Equal(RequestResult.Info, request.Result);
        Assert.Equal("timeout", request.Note);
    }

    [Theory]
    [InlineData(
        "HTTP/1.1 503 Service Unavailable\r\nSession-Commit: not-committed\r\nContent-Length: 0\r\n\r\n",
        RequestResult.Fail
    )]
    [InlineData(
        "HTTP/1.1 503 Service Unavailable\r\nX-Chaos-Not-Committed: 1\r\nContent-Length: 0\r\n\r\n",
        RequestResult.Fail
    )]
    [InlineData(
        "HTTP/1.1 503 Service Unavailable\r\nSession-Commit: unknown\r\nContent-Length: 0\r\n\r\n",
        RequestResult.Info
    )]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", RequestResult.Info)]
    [InlineData("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", RequestResult.Info)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{\"n", RequestResult.Info)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", RequestResult.Info)]
    [InlineData("nonsense\r\n\r\n", RequestResult.Info)]
    [InlineData(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{\"node\":\"A\",\"ops\":[]\r\n1;x=y\r\n}\r\n0\r\n\r\n",
        RequestResult.Ok
    )]
    public async Task Only_an_answer_that_says_so_is_a_fail(string answer, RequestResult expected)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            using var socket = await listener.AcceptSocketAsync();
            await socket.ReceiveAsync(new byte[4096]);
            await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes(answer));
        });

        var request = await AppendAsync((IPEndPoint)listener.LocalEndpoint);

        await serving;
        Assert.Equal(expected, request.Result);
    }

    [Fact]
    public async Task A_connection_closed_while_idle_is_replaced_and_no_unknown_result()
    {
        await using var node = await ChaosNodeProcess.StartAsync(new NodeSettings());
        await using var proxy = FaultProxy.Start(node.EndPoint);
        var (plan, recorder) = Plan(proxy.EndPoint, TimeSpan.FromSeconds(10));
        using var sender = new RequestSender(plan, recorder);
        var jar = new CookieJar(0);
        Assert.Equal(RequestResult.Ok, (await AppendAsync(sender, plan, jar, 0)).Result);

        proxy.ResetConnections();
        await Condition.HoldsAsync(() => proxy.Counters.Open == 0);

        Assert.Equal(RequestResult.Ok, (await AppendAsync(sender, plan, jar, 1)).Result);
    }

    private static async Task<HistoryEvent> AppendAsync(IPEndPoint endPoint, TimeSpan? timeout = null)
    {
        var (plan, recorder) = Plan(endPoint, timeout ?? TimeSpan.FromSeconds(10));
        using var sender = new RequestSender(plan, recorder);
        return await AppendAsync(sender, plan, new CookieJar(0), 0);
    }

    private static Task<HistoryEvent> AppendAsync(RequestSender sender, LoadPlan plan, CookieJar jar, int number) =>
        sender.SendAsync(
            0,
            ClientKind.Sequential,
            number,
            jar.State,
            jar,
            plan.Nodes[0],
            [Op.Append(new SelfDescribingValue(0, 0, number, 0).ToText())]
        );

    private static (LoadPlan Plan, HistoryRecorder Recorder) Plan(IPEndPoint endPoint, TimeSpan timeout)
    {
        var plan = new LoadPlan
        {
            Name = "one",
            Seed = 0,
            Nodes = [new NodeAddress("A", endPoint)],
            Timeout = timeout,
        };
        return (plan, new HistoryRecorder(new RunInfo { Name = plan.Name, Seed = 0 }));
    }
}
