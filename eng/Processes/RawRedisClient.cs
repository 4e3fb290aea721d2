using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ClusterSession.Processes;

/// <summary>
/// The smallest Redis client that can be written, for the administration of servers under test.
/// </summary>
/// <remarks>Deliberately not the client of the library: a test that judges the one must not lean on
/// it.</remarks>
public sealed class RawRedisClient : IDisposable
{
    private readonly Stream _stream;
    private readonly TimeSpan _timeout;

    private RawRedisClient(Stream stream, TimeSpan timeout) => (_stream, _timeout) = (stream, timeout);

    /// <inheritdoc cref="ConnectAsync(string, int, string?, TimeSpan)"/>
    public static Task<RawRedisClient> ConnectAsync(int port, string? caFile, TimeSpan timeout) =>
        ConnectAsync("127.0.0.1", port, caFile, timeout);

    /// <summary>
    /// Connects to an IP address, 127.0.0.1 unless told, over TLS when a file with the authority is
    /// given (host name not checked: this is administration).
    /// </summary>
    public static async Task<RawRedisClient> ConnectAsync(string address, int port, string? caFile, TimeSpan timeout)
    {
        using var deadline = new CancellationTokenSource(timeout);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), port), deadline.Token);
            stream = new NetworkStream(socket, ownsSocket: true);
            if (caFile != null)
            {
                using var ca = X509CertificateLoader.LoadCertificateFromFile(caFile);
#pragma warning disable CA5359 // the chain's end is compared below; the name is not this client's business
                var tls = new SslStream(stream, false, (_, _, chain, _) => chain?.ChainElements.Count > 0);
#pragma warning restore CA5359
                stream = tls;
                await tls.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions { TargetHost = address },
                    deadline.Token
                );
            }

            return new RawRedisClient(stream, timeout);
        }
        catch (OperationCanceledException e)
        {
            Close(socket, stream);
            throw new TimeoutException($"No connection to port {port} within {timeout.TotalSeconds:0.#} s.", e);
        }
        catch
        {
            Close(socket, stream);
            throw;
        }
    }

    /// <summary>Sends a command and returns the reply as text.</summary>
    public async Task<string> CommandAsync(params string[] arguments)
    {
        using var deadline = new CancellationTokenSource(_timeout);
        var request = new StringBuilder($"*{arguments.Length}\r\n");
        foreach (var argument in arguments)
        {
            request.Append($"${Encoding.UTF8.GetByteCount(argument)}\r\n{argument}\r\n");
        }

        try
        {
            await _stream.WriteAsync(Encoding.UTF8.GetBytes(request.ToString()), deadline.Token);
            return await ReadAsync(deadline.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"{arguments[0]} was not answered within {_timeout.TotalSeconds:0.#} s.", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private static void Close(Socket socket, Stream? stream)
    {
        stream?.Dispose();
        socket.Dispose();
    }

    private async Task<string> ReadAsync(CancellationToken ct)
    {
        var line = await ReadLineAsync(ct);
        switch (line[0])
        {
            case '-':
                return line;
            case '$' when int.Parse(line.AsSpan(1)) is var length:
                if (length < 0)
                {
                    return "";
                }

                var bytes = new byte[length + 2];
                await _stream.ReadExactlyAsync(bytes, ct);
                return Encoding.UTF8.GetString(bytes, 0, length);
            case '*':
                var parts = new List<string>();
                for (var i = int.Parse(line.AsSpan(1)); i > 0; i--)
                {
                    parts.Add(await ReadAsync(ct));
                }

                return string.Join('\n', parts);
            default:
                return line[1..];
        }
    }

    private async Task<string> ReadLineAsync(CancellationToken ct)
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (line.Count < 2 || line[^1] != '\n')
        {
            await _stream.ReadExactlyAsync(one, ct);
            line.Add(one[0]);
        }

        return Encoding.UTF8.GetString([.. line], 0, line.Count - 2);
    }
}
