using System.Net;
using System.Net.Sockets;

namespace ClusterSession.TestKit.Faults;

/// <summary>One accepted client and its connection to the target; ends both together.</summary>
internal sealed class ProxiedConnection(Socket client, FaultProxy proxy, Random random, TimeProvider time)
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private Socket? _server; // set once under _lock
    private bool _ended; // set once under _lock; after it no socket of this connection is used

    public async Task RunAsync()
    {
        try
        {
            // Half-open: the client is accepted, but nothing is behind the proxy until the link
            // opens again.
            await proxy.ToServer.WhenOpenAsync(_stop.Token);
            var server = await ConnectAsync(proxy.Target);
            if (server is null)
            {
                proxy.Counters.AddUnreachable();
                Reset();
                return;
            }
            await PumpAsync(server);
        }
        catch (OperationCanceledException)
        {
            // Reset or the proxy's end.
        }
        finally
        {
            Close(withReset: false);
        }
    }

    public void Reset()
    {
        if (Close(withReset: true))
        {
            proxy.Counters.AddReset();
        }
    }

    private async Task PumpAsync(Socket server)
    {
        var tap = proxy.NewTap();
        var toServer = new LinkPump(client, server, proxy.ToServer, proxy.Counters.ToServer, random, time)
        {
            Reset = Reset,
            Inspect = bytes =>
            {
                tap.SeeRequest(bytes);
                return (bytes, null);
            },
        };
        var toClient = new LinkPump(server, client, proxy.ToClient, proxy.Counters.ToClient, random, time)
        {
            Reset = Reset,
            Inspect = bytes =>
            {
                var (pass, fulfilled) = tap.SeeReply(bytes);
                return (bytes[..pass], fulfilled);
            },
        };
        await Task.WhenAll(toServer.RunAsync(_stop.Token), toClient.RunAsync(_stop.Token));
    }

    private async Task<Socket?> ConnectAsync(EndPoint target)
    {
        var server = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        lock (_lock)
        {
            if (_ended)
            {
                server.Dispose();
                throw new OperationCanceledException();
            }
            _server = server;
        }
        try
        {
            await server.ConnectAsync(target, _stop.Token);
            return server;
        }
        catch (SocketException)
        {
            return null;
        }
        catch (ObjectDisposedException)
        {
            throw new OperationCanceledException(); // Closed between being made and being connected.
        }
    }

    private bool Close(bool withReset)
    {
        lock (_lock)
        {
            if (_ended)
            {
                return false;
            }
            _ended = true;
        }
        Close(client, withReset);
        if (_server is not null)
        {
            Close(_server, withReset);
        }
        _stop.Cancel();
        proxy.Forget(this);
        return true;
    }

    private static void Close(Socket socket, bool withReset)
    {
        try
        {
            if (withReset)
            {
                socket.LingerState = new LingerOption(true, 0);
            }
        }
        catch (SocketException)
        {
            // Not connected (any more): closing is enough.
        }
        socket.Dispose();
    }
}
