namespace ClusterSession.Redis.Protocol;

/// <summary>
/// Walks the values of one complete frame, as found by <see cref="RespScanner"/>, without
/// allocating.
/// </summary>
/// <remarks>
/// <code>
///   reader.Read();                     // *2      Type = Array, Count = 2
///   reader.Read(); reader.GetInt64();  // :1
///   reader.Read(); reader.Bytes        // $3 abc  valid as long as the receive buffer: copy what
///                                      //         is to stay
/// </code>
/// Values come in document order; the members of an aggregate follow it. A map counts its keys and
/// its values (Count = 2 x pairs). Attributes are skipped. A value of another type than asked for
/// is a <see cref="RespProtocolException"/>: the answer belongs to another question.
/// </remarks>
internal ref struct RespReader
{
    private readonly ReadOnlySpan<byte> _frame;
    private int _next;

    /// <summary>Starts before the first value of a frame.</summary>
    public RespReader(ReadOnlySpan<byte> frame) => _frame = frame;

    /// <summary>
    /// Type of the current value; the RESP2 nulls are <see cref="RespType.Null"/>.
    /// </summary>
    public RespType Type { get; private set; }

    /// <summary>
    /// Bytes of the current scalar: the text of a string, error or number; empty for null and
    /// aggregates. Verbatim strings without their format.
    /// </summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>
    /// Number of values in the current aggregate (twice the pairs of a map); 0 for scalars.
    /// </summary>
    public int Count { get; private set; }

    /// <summary>Whether the current value is a null.</summary>
    public readonly bool IsNull => Type == RespType.Null;

    /// <summary>Whether the current value is an error.</summary>
    public readonly bool IsError => Type is RespType.SimpleError or RespType.BulkError;

    /// <summary>Whether the current value is an aggregate.</summary>
    public readonly bool IsAggregate => Type is RespType.Array or RespType.Map or RespType.Set or RespType.Push;

    /// <summary>Type of the next value, without moving to it.</summary>
    public readonly RespType Peek()
    {
        var ahead = this;
        ahead.Read();
        return ahead.Type;
    }

    /// <summary>Moves to the next value.</summary>
    /// <exception cref="RespProtocolException">The frame has no more.</exception>
    public void Read()
    {
        while (true)
        {
            if (_next >= _frame.Length)
            {
                throw new RespProtocolException("A reply has fewer values than expected.");
            }

            ReadOne();
            if (Type != RespType.Attribute)
            {
                return;
            }

            SkipMembers();
        }
    }

    /// <summary>
    /// Moves to the next value, which must be an aggregate of values in order, and returns how
    /// many.
    /// </summary>
    public int ReadArray()
    {
        Read();
        return IsAggregate ? Count : throw Unexpected("an array");
    }

    /// <summary>Moves to the next value, which must be an integer.</summary>
    public long ReadInt64()
    {
        Read();
        return GetInt64();
    }

    /// <summary>
    /// Moves to the next value, which must be a string; valid as long as the receive buffer. A null
    /// is empty: ask <see cref="IsNull"/>.
    /// </summary>
    public ReadOnlySpan<byte> ReadBytes()
    {
        Read();
        if (Type is not (RespType.BulkString or RespType.SimpleString or RespType.VerbatimString or RespType.Null))
        {
            throw Unexpected("a string");
        }

        return Bytes;
    }

    /// <summary>
    /// The current value as an integer: an integer, or a string of digits (hash fields are
    /// strings).
    /// </summary>
    public readonly long GetInt64() =>
        Type is RespType.Integer or RespType.BulkString or RespType.SimpleString
            ? RespNumber.ParseInt64(Bytes)
            : throw Unexpected("an integer");

    /// <summary>Steps over the members of the current aggregate; nothing for a scalar.</summary>
    public void SkipMembers()
    {
        long open = Count;
        while (open > 0)
        {
            ReadOne();
            // An attribute is no member, but its own keys and values must be stepped over.
            open += Type == RespType.Attribute ? Count : Count - 1;
        }

        Count = 0;
    }

    /// <summary>Moves to the next value and steps over it with all its members.</summary>
    public void Skip()
    {
        Read();
        SkipMembers();
    }

    private readonly RespProtocolException Unexpected(string expected) => new($"Expected {expected}, received {Type}.");

    private void ReadOne()
    {
        if (_next >= _frame.Length)
        {
            throw new RespProtocolException("A reply has fewer values than expected.");
        }

        Type = (RespType)_frame[_next];
        var rest = _frame[(_next + 1)..];
        var lineEnd = rest.IndexOf((byte)'\r');
        var line = rest[..lineEnd];
        var afterLine = _next + 1 + lineEnd + 2;
        Count = 0;
        switch (Type)
        {
            case RespType.BulkString or RespType.BulkError or RespType.VerbatimString:
                var length = (int)RespNumber.ParseLength(line);
                if (length < 0)
                {
                    Become(RespType.Null, default, afterLine);
                    return;
                }

                var bytes = _frame.Slice(afterLine, length);
                Become(Type, Type == RespType.VerbatimString ? bytes[4..] : bytes, afterLine + length + 2);
                return;
            case RespType.Array or RespType.Map or RespType.Set or RespType.Push or RespType.Attribute:
                var count = (int)RespNumber.ParseLength(line);
                if (count < 0)
                {
                    Become(RespType.Null, default, afterLine);
                    return;
                }

                Become(Type, default, afterLine);
                Count = Type is RespType.Map or RespType.Attribute ? count * 2 : count;
                return;
            default:
                Become(Type, line, afterLine);
                return;
        }
    }

    private void Become(RespType type, ReadOnlySpan<byte> bytes, int next)
    {
        Type = type;
        Bytes = bytes;
        _next = next;
    }
}
