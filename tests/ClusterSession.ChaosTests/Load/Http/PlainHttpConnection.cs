using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ClusterSession.ChaosTests.Load.Http;

/// <summary>
/// One HTTP/1.1 connection that sends one request at a time and never repeats any. HttpClient is
/// not used because it may send a request a second time on a new connection when a pooled one turns
/// out to be closed, without telling: a write executed twice would then be recorded as one.
/// </summary>
internal sealed class PlainHttpConnection : IDisposable
{
    private readonly Socket _socket;
    private byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    private PlainHttpConnection(Socket socket) => _socket = socket;

    /// <summary>False after an error, or when the server closes after its answer.</summary>
    public bool IsReusable { get; private set; } = true;

    /// <summary>
    /// Whether the server has closed this idle connection. Asked before each reuse, so that an
    /// ordinary idle timeout is no unknown result.
    /// </summary>
    public bool IsStale => _socket.Poll(0, SelectMode.SelectRead);

    /// <exception cref="RequestNotSentException">Nobody accepted.</exception>
    public static async Task<PlainHttpConnection> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken);
            return new PlainHttpConnection(socket);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            throw new RequestNotSentException(
                e is SocketException s ? s.SocketErrorCode.ToString() : "connect timed out",
                e
            );
        }
    }

    /// <exception cref="IOException">The connection broke, or what came is no HTTP.</exception>
    public async Task<HttpAnswer> SendAsync(
        string method,
        string target,
        string? cookie,
        byte[]? body,
        CancellationToken cancellationToken
    )
    {
        IsReusable = false; // until the whole answer has been read
        var head = new StringBuilder($"{method} {target} HTTP/1.1\r\nHost: chaos\r\n");
        if (cookie is not null)
        {
            head.Append("Cookie: ").Append(cookie).Append("\r\n");
        }
        if (body is not null || method == "POST")
        {
            head.Append(
                CultureInfo.InvariantCulture,
                $"Content-Type: application/json\r\nContent-Length: {body?.Length ?? 0}\r\n"
            );
        }
        head.Append("\r\n");
        byte[] request = [.. Encoding.ASCII.GetBytes(head.ToString()), .. body ?? []];
        for (var sent = 0; sent < request.Length; )
        {
            sent += await _socket.SendAsync(request.AsMemory(sent), cancellationToken);
        }

        var answer = await ReadAnswerAsync(cancellationToken);
        IsReusable = !"close".Equals(answer.Header("Connection"), StringComparison.OrdinalIgnoreCase);
        return answer;
    }

    public void Dispose() => _socket.Dispose();

    private async Task<HttpAnswer> ReadAnswerAsync(CancellationToken cancellationToken)
    {
        var status = await ReadLineAsync(cancellationToken);
        if (status.Length < 12 || !status.StartsWith("HTTP/1.1 ", StringComparison.Ordinal))
        {
            throw new IOException("The answer is no HTTP/1.1.");
        }
        var headers = new List<(string Name, string Value)>();
        for (string line; (line = await ReadLineAsync(cancellationToken)).Length > 0; )
        {
            var colon = line.IndexOf(':');
            headers.Add((line[..colon], line[(colon + 1)..].Trim()));
        }
        var answer = new HttpAnswer(
            int.Parse(status.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture),
            headers,
            []
        );
        if ("chunked".Equals(answer.Header("Transfer-Encoding"), StringComparison.OrdinalIgnoreCase))
        {
            return answer with { Body = await ReadChunksAsync(cancellationToken) };
        }
        var length = int.Parse(answer.Header("Content-Length") ?? "0", NumberStyles.None, CultureInfo.InvariantCulture);
        return answer with { Body = await ReadBytesAsync(length, cancellationToken) };
    }

    private async Task<byte[]> ReadChunksAsync(CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        while (true)
        {
            var size = int.Parse(
                (await ReadLineAsync(cancellationToken)).Split(';')[0],
                NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture
            );
            body.Write(await ReadBytesAsync(size, cancellationToken));
            await ReadLineAsync(cancellationToken);
            if (size == 0)
            {
                return body.ToArray();
            }
        }
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8);
            if (length >= 0)
            {
                var line = Encoding.ASCII.GetString(_buffer, _start, length);
                _start += length + 2;
                return line;
            }
            await FillAsync(cancellationToken);
        }
    }

    private async Task<byte[]> ReadBytesAsync(int count, CancellationToken cancellationToken)
    {
        while (_end - _start < count)
        {
            await FillAsync(cancellationToken);
        }
        var bytes = _buffer.AsSpan(_start, count).ToArray();
        _start += count;
        return bytes;
    }

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
        var count = await _socket.ReceiveAsync(_buffer.AsMemory(_end), cancellationToken);
        if (count == 0)
        {
            throw new IOException("The connection was closed in the middle of an answer.");
        }
        _end += count;
    }
}
