using System.Buffers.Text;
using System.Text;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Redis.Protocol;

/// <summary>Writes commands as arrays of bulk strings, the only form that is ever sent.</summary>
/// <remarks>
/// <code>
///   WriteCommand("GET"u8, 1); WriteBulk(key);      *2 CRLF $3 CRLF GET CRLF $n CRLF key CRLF
/// </code>
/// Every argument carries its length, so no content can end it and begin another command (RESP
/// injection; inline commands are never sent). The writer counts arguments: a command with too few
/// or too many is taken back before it is sent (<see cref="Missing"/>).
/// </remarks>
internal ref struct RespWriter
{
    private const int HeaderBytes = 16;
    private readonly SendBuffer _output;

    /// <summary>Writes to the end of an output.</summary>
    public RespWriter(SendBuffer output) => _output = output;

    /// <summary>Arguments that the last command still lacks; negative if it has too many.</summary>
    public int Missing { get; private set; }

    /// <summary>Commands begun. A request is one command, since it takes one reply.</summary>
    public int Commands { get; private set; }

    /// <summary>Begins a command with the number of arguments that follow its name.</summary>
    public void WriteCommand(ReadOnlySpan<byte> name, int arguments)
    {
        if (Missing != 0)
        {
            throw new InvalidOperationException($"The command before lacks {Missing} arguments.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(arguments);
        Commands++;
        WriteHeader((byte)'*', arguments + 1);
        Missing = arguments + 1;
        WriteBulk(name);
    }

    /// <summary>Writes one argument.</summary>
    public void WriteBulk(scoped ReadOnlySpan<byte> value) => value.CopyTo(WriteBulkSpace(value.Length));

    /// <summary>Writes one argument made of two parts, such as a prefix and a key.</summary>
    public void WriteBulk(scoped ReadOnlySpan<byte> first, scoped ReadOnlySpan<byte> second)
    {
        var space = WriteBulkSpace(first.Length + second.Length);
        first.CopyTo(space);
        second.CopyTo(space[first.Length..]);
    }

    /// <summary>Writes one argument as UTF-8.</summary>
    public void WriteBulk(string value)
    {
        var bytes = Encoding.UTF8.GetByteCount(value);
        Encoding.UTF8.GetBytes(value, WriteBulkSpace(bytes));
    }

    /// <summary>Writes one argument as decimal digits.</summary>
    public void WriteBulk(long value)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(value, digits, out var written);
        WriteBulk(digits[..written]);
    }

    /// <summary>
    /// Writes one argument of a known length, whose bytes the caller fills in at once.
    /// </summary>
    public Span<byte> WriteBulkSpace(int length)
    {
        Missing--;
        WriteHeader((byte)'$', length);
        var space = _output.GetSpan(length + 2);
        space[length] = (byte)'\r';
        space[length + 1] = (byte)'\n';
        _output.Advance(length + 2);
        return space[..length];
    }

    private readonly void WriteHeader(byte type, int number)
    {
        var space = _output.GetSpan(HeaderBytes);
        space[0] = type;
        Utf8Formatter.TryFormat(number, space[1..], out var digits);
        space[digits + 1] = (byte)'\r';
        space[digits + 2] = (byte)'\n';
        _output.Advance(digits + 3);
    }
}
