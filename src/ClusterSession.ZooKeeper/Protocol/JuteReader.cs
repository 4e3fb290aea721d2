using System.Buffers.Binary;
using System.Text;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.ZooKeeper.Protocol;

/// <summary>
/// Reads what a server has written (<see cref="JuteWriter"/> has the form). A length that the
/// message does not hold is refused before anything is allocated for it.
/// </summary>
internal ref struct JuteReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    /// <summary>Whether everything was read. Later releases may add values at the end.</summary>
    public readonly bool IsAtEnd => _rest.IsEmpty;

    public bool Bool() => Take(1)[0] != 0;

    public int Int() => BinaryPrimitives.ReadInt32BigEndian(Take(sizeof(int)));

    public long Long() => BinaryPrimitives.ReadInt64BigEndian(Take(sizeof(long)));

    public string? Text() => Int() is >= 0 and var length ? Encoding.UTF8.GetString(Take(length)) : null;

    public byte[]? Buffer() => Int() is >= 0 and var length ? Take(length).ToArray() : null;

    public string[] Texts()
    {
        var count = Int();
        if (count < 0)
        {
            return [];
        }

        if (count > _rest.Length / sizeof(int))
        {
            throw new ProtocolException($"A vector announces {count} texts; {_rest.Length} bytes follow.");
        }

        var texts = new string[count];
        for (var i = 0; i < count; i++)
        {
            texts[i] = Text() ?? "";
        }

        return texts;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _rest.Length)
        {
            throw new ProtocolException($"{length} bytes are needed, and {_rest.Length} are left of the message.");
        }

        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
