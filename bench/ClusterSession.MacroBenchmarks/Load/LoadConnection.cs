using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ClusterSession.MacroBenchmarks.Load;

/// <summary>One keep-alive connection with at most one request under way.</summary>
internal sealed class LoadConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,
    };
    private readonly byte[] _output = new byte[4096];
    private byte[] _input = new byte[4096];
    private int _received;

    public LoadConnection(int port, int node)
    {
        Node = node;
        _socket.Connect(IPAddress.Loopback, port);
    }

    /// <summary>Index of the node it leads to.</summary>
    public int Node { get; }

    /// <summary>The client whose request is under way.</summary>
    public int Client { get; private set; }

    /// <summary>When the request under way was to be sent.</summary>
    public long Intended { get; private set; }

    public int Descriptor => (int)_socket.Handle;

    public void Send(int client, ReadOnlySpan<byte> head, ReadOnlySpan<byte> cookie, long intended)
    {
        Client = client;
        Intended = intended;
        head.CopyTo(_output);
        var length = head.Length;
        if (!cookie.IsEmpty)
        {
            "Cookie: "u8.CopyTo(_output.AsSpan(length));
            cookie.CopyTo(_output.AsSpan(length + 8));
            "\r\n"u8.CopyTo(_output.AsSpan(length + 8 + cookie.Length));
            length += cookie.Length + 10;
        }

        "\r\n"u8.CopyTo(_output.AsSpan(length));
        length += 2;
        if (Epoll.Send(Descriptor, _output.AsSpan(0, length)) != length)
        {
            throw new IOException($"A request to port {_socket.RemoteEndPoint} could not be sent whole.");
        }
    }

    /// <summary>Reads what has come; true if it ends the answer.</summary>
    public bool TryReceive(out int status, out ReadOnlySpan<byte> setCookie)
    {
        status = 0;
        setCookie = default;
        if (_received == _input.Length)
        {
            Array.Resize(ref _input, _input.Length * 2);
        }

        var count = Epoll.Receive(Descriptor, _input.AsSpan(_received));
        if (count < 0)
        {
            return false;
        }

        if (count == 0)
        {
            throw new IOException($"{_socket.RemoteEndPoint} closed the connection in the middle of an answer.");
        }

        _received += count;
        var text = _input.AsSpan(0, _received);
        var headEnd = text.IndexOf("\r\n\r\n"u8);
        if (headEnd < 0)
        {
            return false;
        }

        var head = text[..(headEnd + 2)];
        if (_received < headEnd + 4 + ContentLength(head))
        {
            return false;
        }

        status = ((head[9] - '0') * 100) + ((head[10] - '0') * 10) + (head[11] - '0');
        setCookie = Header(head, "\r\nSet-Cookie: "u8);
        _received = 0;
        return true;
    }

    public string Answered() => Encoding.ASCII.GetString(_input.AsSpan(0, _input.AsSpan().IndexOf("\r\n"u8)));

    public void Dispose() => _socket.Dispose();

    private static int ContentLength(ReadOnlySpan<byte> head)
    {
        var text = Header(head, "\r\nContent-Length: "u8);
        if (text.IsEmpty)
        {
            throw new InvalidDataException($"An answer has no Content-Length: {Encoding.ASCII.GetString(head)}");
        }

        var length = 0;
        foreach (var digit in text)
        {
            length = (length * 10) + digit - '0';
        }

        return length;
    }

    private static ReadOnlySpan<byte> Header(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        var at = head.IndexOf(name);
        if (at < 0)
        {
            return default;
        }

        var value = head[(at + name.Length)..];
        return value[..value.IndexOf((byte)'\r')];
    }
}
