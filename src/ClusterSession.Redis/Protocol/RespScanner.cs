namespace ClusterSession.Redis.Protocol;

/// <summary>
/// Finds where a RESP3 frame ends, checking every byte of its structure, and remembers how far it
/// came.
/// </summary>
/// <remarks>
/// <code>
///   bytes received so far:  | *3 $5 hello $900000 xxxxxxxxxx...          (more to come)
///                                                 ^ _position            ^ end of buffer
/// </code>
/// A frame is parsed only once it is complete ("check first, then parse"): then parsers are
/// straight code without states, and a reply is never seen half. The price would be to look at a
/// large reply again with each packet; so the scanner keeps its place (position and the counts
/// still open on each level) and goes on from there. The payload of a bulk string is jumped over,
/// not looked at. Rejected: parsing from a <c>ReadOnlySequence</c> of segments (each scalar may
/// straddle two, so that every read needs a slow path; replies of a session store fit one
/// contiguous buffer), and resumable parsers in each request (the state machine would be written
/// once per command). Streamed types (<c>$?</c>, <c>*?</c>) are refused: no server sends them
/// unasked. An attribute belongs to the value after it: both are one frame. A reply that is longer
/// than the limit is a breach of the protocol, or is skipped where the caller drops its bytes as
/// they come (<see cref="IsTooLong"/>): the replies behind it are other questions'.
/// </remarks>
internal sealed class RespScanner(RespLimits limits, bool skipsTooLong = false)
{
    // Values still to come on each open level; level 0 is the frame itself. A long because a map
    // counts twice.
    private readonly long[] _open = new long[limits.MaxDepth + 1];
    private int _depth;
    private int _position;
    private int _lineSearchedTo;
    private long _dropped; // bytes of the frame that are not in the buffer any more
    private long _skip; // bytes of a value that are dropped unseen
    private bool _isInFrame;
    private bool _isPush;

    /// <summary>
    /// Whether the frame, or the one that has just ended, is longer than the limit. Its bytes are
    /// to be dropped.
    /// </summary>
    public bool IsTooLong { get; private set; }

    /// <summary>
    /// How many bytes of a frame that is too long may be dropped; they count as dropped from then
    /// on.
    /// </summary>
    public int Drop()
    {
        var droppable = _position;
        _dropped += droppable;
        (_position, _lineSearchedTo) = (0, Math.Max(0, _lineSearchedTo - droppable));
        return droppable;
    }

    /// <summary>
    /// Looks at a buffer that begins at the start of a frame and may have grown since the last
    /// call.
    /// </summary>
    /// <returns>The length of the frame, or 0 if it is not complete. After a complete frame the
    /// next call starts a new one.</returns>
    /// <exception cref="RespProtocolException">The bytes cannot become a frame.</exception>
    public int Scan(ReadOnlySpan<byte> buffer)
    {
        if (!_isInFrame)
        {
            _open[0] = 1;
            (_isInFrame, IsTooLong, _isPush) = (true, false, buffer.Length > 0 && buffer[0] == (byte)RespType.Push);
            if (buffer.IsEmpty)
            {
                _isInFrame = false;
            }
        }

        while (true)
        {
            if (_skip > 0)
            {
                var skipped = (int)Math.Min(_skip, buffer.Length - _position);
                (_position, _skip) = (_position + skipped, _skip - skipped);
                _lineSearchedTo = _position;
                if (_skip > 0)
                {
                    return 0;
                }
            }

            while (_open[_depth] == 0)
            {
                if (_depth == 0)
                {
                    return Complete();
                }

                _depth--;
            }

            if (!TryValue(buffer))
            {
                return 0;
            }
        }
    }

    /// <summary>Forgets a frame that was begun.</summary>
    public void Reset()
    {
        _depth = 0;
        _position = 0;
        _lineSearchedTo = 0;
        (_dropped, _skip, _isInFrame) = (0, 0, false);
    }

    private int Complete()
    {
        var length = _position;
        Reset();
        return length;
    }

    private bool TryValue(ReadOnlySpan<byte> buffer)
    {
        if (_position >= buffer.Length)
        {
            return false;
        }

        var type = (RespType)buffer[_position];
        if (!IsKnown(type))
        {
            throw new RespProtocolException($"Byte 0x{(byte)type:x2} is no RESP type.");
        }

        if (!TryLine(buffer, out var line, out var afterLine))
        {
            return false;
        }

        switch (type)
        {
            case RespType.SimpleString or RespType.SimpleError:
                return Scalar(afterLine);
            case RespType.Integer:
                RespNumber.ParseInt64(line);
                return Scalar(afterLine);
            case RespType.Double:
                RespNumber.ParseDouble(line);
                return Scalar(afterLine);
            case RespType.BigNumber:
                RespNumber.CheckBigNumber(line);
                return Scalar(afterLine);
            case RespType.Boolean:
                if (line.Length != 1 || line[0] is not ((byte)'t' or (byte)'f'))
                {
                    throw new RespProtocolException("A boolean is neither #t nor #f.");
                }

                return Scalar(afterLine);
            case RespType.Null:
                if (line.Length != 0)
                {
                    throw new RespProtocolException("A null carries data.");
                }

                return Scalar(afterLine);
            case RespType.BulkString or RespType.BulkError or RespType.VerbatimString:
                return TryBulk(buffer, type, line, afterLine);
            default:
                return Aggregate(type, line, afterLine);
        }
    }

    private bool TryBulk(ReadOnlySpan<byte> buffer, RespType type, ReadOnlySpan<byte> line, int afterLine)
    {
        var length = RespNumber.ParseLength(line);
        if (length < 0)
        {
            if (type != RespType.BulkString)
            {
                throw new RespProtocolException("Only a bulk string or an array may have the length -1.");
            }

            return Scalar(afterLine);
        }

        if (length > limits.MaxFrameBytes - _dropped - afterLine - 2)
        {
            if (!MaySkip())
            {
                throw new RespProtocolException($"A reply of more than {limits.MaxFrameBytes} bytes was announced.");
            }

            _skip = length + 2;
            return Scalar(afterLine);
        }

        var end = afterLine + (int)length;
        if (buffer.Length < end + 2)
        {
            return false;
        }

        if (buffer[end] != '\r' || buffer[end + 1] != '\n')
        {
            throw new RespProtocolException("A bulk string does not end where its length says.");
        }

        if (type == RespType.VerbatimString && (length < 4 || buffer[afterLine + 3] != ':'))
        {
            throw new RespProtocolException("A verbatim string does not name its format.");
        }

        return Scalar(end + 2);
    }

    private bool Aggregate(RespType type, ReadOnlySpan<byte> line, int afterLine)
    {
        var count = RespNumber.ParseLength(line);
        if (count < 0)
        {
            if (type != RespType.Array)
            {
                throw new RespProtocolException("Only a bulk string or an array may have the length -1.");
            }

            return Scalar(afterLine);
        }

        // The smallest value, a null, takes three bytes; so a count that cannot fit the limit is
        // refused before anything waits for it.
        var values = type is RespType.Map or RespType.Attribute ? count * 2 : count;
        if (values > limits.MaxFrameBytes / 3)
        {
            throw new RespProtocolException(
                $"An aggregate of {count} values was announced; no more than {limits.MaxFrameBytes} bytes are accepted."
            );
        }

        if (type == RespType.Push && (_depth > 0 || count == 0))
        {
            throw new RespProtocolException("A push is inside another value, or is empty.");
        }

        if (_depth >= limits.MaxDepth)
        {
            throw new RespProtocolException($"Values are nested more than {limits.MaxDepth} deep.");
        }

        // An attribute is followed by the value that it describes, so it does not count as a value
        // itself.
        if (type != RespType.Attribute)
        {
            _open[_depth]--;
        }

        _open[++_depth] = values;
        return MoveTo(afterLine);
    }

    private bool Scalar(int next)
    {
        _open[_depth]--;
        return MoveTo(next);
    }

    private bool MoveTo(int next)
    {
        if (_dropped + next > limits.MaxFrameBytes && !MaySkip())
        {
            throw new RespProtocolException($"A reply is longer than {limits.MaxFrameBytes} bytes.");
        }

        _position = next;
        _lineSearchedTo = next;
        return true;
    }

    private bool MaySkip() => IsTooLong = skipsTooLong && !_isPush;

    private bool TryLine(ReadOnlySpan<byte> buffer, out ReadOnlySpan<byte> line, out int afterLine)
    {
        var start = _position + 1;
        var from = Math.Max(start, _lineSearchedTo);
        var found = buffer[from..].IndexOfAny((byte)'\r', (byte)'\n');
        line = default;
        afterLine = 0;
        if (found < 0)
        {
            _lineSearchedTo = buffer.Length;
            if (buffer.Length - start > limits.MaxLineBytes)
            {
                throw new RespProtocolException($"A line is longer than {limits.MaxLineBytes} bytes.");
            }

            return false;
        }

        var end = from + found;
        if (end - start > limits.MaxLineBytes)
        {
            throw new RespProtocolException($"A line is longer than {limits.MaxLineBytes} bytes.");
        }

        if (buffer[end] == '\n')
        {
            throw new RespProtocolException("A line ends without CR.");
        }

        if (end + 1 == buffer.Length)
        {
            _lineSearchedTo = end;
            return false;
        }

        if (buffer[end + 1] != '\n')
        {
            throw new RespProtocolException("A CR is not followed by LF.");
        }

        line = buffer[start..end];
        afterLine = end + 2;
        return true;
    }

    private static bool IsKnown(RespType type) =>
        type
            is RespType.SimpleString
                or RespType.SimpleError
                or RespType.Integer
                or RespType.BulkString
                or RespType.Array
                or RespType.Null
                or RespType.Boolean
                or RespType.Double
                or RespType.BigNumber
                or RespType.BulkError
                or RespType.VerbatimString
                or RespType.Map
                or RespType.Set
                or RespType.Push
                or RespType.Attribute;
}
