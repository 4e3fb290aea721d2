using ClusterSession.TestKit.Faults;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Tests.Transport;

/// <summary>An echo server, and a connection to it over a network that a test can damage.</summary>
internal sealed class EchoLink : IAsyncDisposable
{
    private EchoLink() { }

    public EchoServer Server { get; } = new();

    public FaultProxy Network { get; private set; } = null!;

    public EchoConnection Connection { get; private set; } = null!;

    /// <summary>
    /// Deadlines so long that they play no part, unless a test sets others or moves the clock.
    /// </summary>
    public static TransportOptions Patient { get; } =
        new()
        {
            ConnectTimeout = TimeSpan.FromSeconds(20),
            CommandTimeout = TimeSpan.FromSeconds(60),
            HeartbeatInterval = TimeSpan.FromSeconds(60),
            HeartbeatTimeout = TimeSpan.FromSeconds(90),
        };

    public static async Task<EchoLink> OpenAsync(TransportOptions? options = null, TimeProvider? time = null)
    {
        var link = new EchoLink();
        link.Network = FaultProxy.Start(link.Server.Address.Port);
        try
        {
            link.Connection = await ConnectAsync(
                new ServerAddress("127.0.0.1", link.Network.Port),
                options ?? Patient,
                time
            );
        }
        catch
        {
            await link.Network.DisposeAsync();
            await link.Server.DisposeAsync();
            throw;
        }

        return link;
    }

    public static Task<EchoConnection> ConnectAsync(
        ServerAddress address,
        TransportOptions options,
        TimeProvider? time = null,
        CancellationToken cancellation = default
    ) => ConnectorOf(options, time).ConnectAsync(address, cancellation);

    public static Connector<EchoConnection> ConnectorOf(TransportOptions options, TimeProvider? time = null) =>
        new(options, time ?? TimeProvider.System, new EchoProtocol(options, time ?? TimeProvider.System));

    public Task<string> AskAsync(string text) => Connection.SendAsync(new EchoRequest(text)).AsTask();

    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync();
        await Network.DisposeAsync();
        await Server.DisposeAsync();
    }
}
