using System.Net.Sockets;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Transport.Sockets;

/// <summary>
/// Makes connections: socket, TLS, handshake, all within the connect timeout. Thread-safe.
/// </summary>
/// <typeparam name="TConnection">The connection of the protocol.</typeparam>
internal sealed class Connector<TConnection>(
    TransportOptions options,
    TimeProvider time,
    IProtocol<TConnection> protocol
)
    where TConnection : PipelinedConnection
{
    /// <summary>Connects to one server.</summary>
    /// <exception cref="ConnectException">It did not work; says why, and what can be done about
    /// it.</exception>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    public async Task<TConnection> ConnectAsync(ServerAddress address, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        Stream? stream = null;
        TConnection? connection = null;
        try
        {
            stream = await OpenSocketAsync(address, deadline.Token).ConfigureAwait(false);
            if (options.Tls is { } tls)
            {
                stream = await TlsClient.EncryptAsync(stream, address, tls, time, deadline.Token).ConfigureAwait(false);
            }

            connection = protocol.Create(stream, address);
            using var abort = deadline.Token.UnsafeRegister(
                static c => ((PipelinedConnection)c!).Close("the handshake took too long."),
                connection
            );
            await protocol.GreetAsync(connection, deadline.Token).ConfigureAwait(false);
            return connection;
        }
        catch (Exception e)
        {
            if (connection is not null)
            {
                await connection.DisposeAsync().ConfigureAwait(false);
            }
            else if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (e is ConnectException)
            {
                throw;
            }

            if (timeout.IsCancellationRequested)
            {
                throw new ConnectException(
                    ConnectFailure.TimedOut,
                    $"{address} was not ready within {options.ConnectTimeout.TotalMilliseconds:0} ms (ConnectTimeout).",
                    e
                );
            }

            throw new ConnectException(ConnectFailure.Unreachable, $"No connection to {address}: {e.Message}", e);
        }
    }

    private async Task<Stream> OpenSocketAsync(ServerAddress address, CancellationToken ct) =>
        new NetworkStream(
            await new SocketRace(attempt => DialAsync(address, attempt), time).RunAsync(ct).ConfigureAwait(false),
            ownsSocket: true
        );

    private static async Task<Socket> DialAsync(ServerAddress address, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            await socket.ConnectAsync(address.Host, address.Port, ct).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
