using System.Globalization;
using System.Text;

namespace ClusterSession.TestKit.Faults;

/// <summary>
/// Finds where RESP2/RESP3 frames end in a stream of bytes that arrives in any pieces, without
/// building values.
///
/// A frame is a tree: an aggregate announces how many elements follow. The scanner keeps one count
/// of missing elements per open aggregate; when an element ends and its parent's count reaches zero
/// the parent ends too, and so on to the root.
///
///   first byte        then
///   $ ! =             length line, then that many bytes and CR LF ("-1" is nil: no body)
///   * ~ &gt;             count line, then count elements
///   %                 count line, then 2 x count elements
///   |                 attribute: 2 x count elements and then the element it describes, so 2 x count + 1
///   anything else     one line (also inline commands)
///
/// This is not the product's parser on purpose: a test tool must not share the mistakes of what it
/// tests.
/// </summary>
public sealed class RespFrameScanner
{
    private readonly List<long> _missing = [];
    private readonly StringBuilder _line = new();
    private long _bodyLeft;
    private bool _rootIsPush;

    /// <summary>
    /// Whether the frame that ended last was a push message (not an answer to a request).
    /// </summary>
    public bool LastFrameWasPush { get; private set; }

    /// <summary>
    /// Takes bytes up to the end of the current frame, or all of them. Returns how many were taken.
    /// </summary>
    public int Consume(ReadOnlySpan<byte> bytes, out bool frameEnded)
    {
        frameEnded = false;
        var taken = 0;
        while (taken < bytes.Length && !frameEnded)
        {
            if (_bodyLeft > 0)
            {
                var step = (int)Math.Min(_bodyLeft, bytes.Length - taken);
                _bodyLeft -= step;
                taken += step;
                frameEnded = _bodyLeft == 0 && EndElement();
                continue;
            }
            var next = bytes[taken++];
            if (next != (byte)'\n')
            {
                _line.Append((char)next);
                continue;
            }
            frameEnded = EndLine(_line.ToString().TrimEnd('\r'));
            _line.Clear();
        }
        return taken;
    }

    private bool EndLine(string line)
    {
        if (line.Length == 0)
        {
            return false; // stray CR LF between inline commands
        }
        if (_missing.Count == 0)
        {
            _rootIsPush = line[0] == '>';
        }
        switch (line[0])
        {
            case '$' or '!' or '=':
                var length = Number(line);
                if (length < 0)
                {
                    return EndElement();
                }
                _bodyLeft = length + 2;
                return false;
            case '*' or '~' or '>':
                return Open(Number(line));
            case '%':
                return Open(2 * Number(line));
            case '|':
                return Open((2 * Number(line)) + 1);
            default:
                return EndElement();
        }
    }

    private bool Open(long elements)
    {
        if (elements <= 0)
        {
            return EndElement();
        }
        _missing.Add(elements);
        return false;
    }

    private bool EndElement()
    {
        while (_missing.Count > 0)
        {
            if (--_missing[^1] > 0)
            {
                return false;
            }
            _missing.RemoveAt(_missing.Count - 1);
        }
        LastFrameWasPush = _rootIsPush;
        return true;
    }

    private static long Number(string line) =>
        long.Parse(line.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
}
