using System.Buffers.Text;

namespace ClusterSession.Redis.Protocol;

/// <summary>
/// Numbers as RESP writes them, and nothing else: no blanks, no leading plus where none is allowed,
/// nothing after the digits.
/// </summary>
internal static class RespNumber
{
    /// <summary>A signed 64-bit integer.</summary>
    /// <exception cref="RespProtocolException">It is none.</exception>
    public static long ParseInt64(ReadOnlySpan<byte> text)
    {
        // RESP allows ":+5"; Utf8Parser takes the sign as well.
        if (!Utf8Parser.TryParse(text, out long value, out var used) || used != text.Length)
        {
            throw new RespProtocolException("An integer is not a number.");
        }

        return value;
    }

    /// <summary>
    /// The length of a bulk string or aggregate; -1 for null. A streamed one (<c>?</c>) is refused.
    /// </summary>
    /// <exception cref="RespProtocolException">It is neither.</exception>
    public static long ParseLength(ReadOnlySpan<byte> text)
    {
        if (text.Length is 0 or > 10)
        {
            throw new RespProtocolException("A length is missing or too long.");
        }

        if (text.Length == 2 && text[0] == '-' && text[1] == '1')
        {
            return -1;
        }

        long value = 0;
        foreach (var digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                throw new RespProtocolException("A length is not a number.");
            }

            value = value * 10 + (digit - '0');
        }

        return value;
    }

    /// <summary>A double, with inf, -inf and nan.</summary>
    /// <exception cref="RespProtocolException">It is none.</exception>
    public static double ParseDouble(ReadOnlySpan<byte> text)
    {
        if (text.SequenceEqual("inf"u8) || text.SequenceEqual("+inf"u8))
        {
            return double.PositiveInfinity;
        }

        if (text.SequenceEqual("-inf"u8))
        {
            return double.NegativeInfinity;
        }

        if (text.SequenceEqual("nan"u8) || text.SequenceEqual("-nan"u8))
        {
            return double.NaN;
        }

        if (
            text.IsEmpty
            || text[^1] is < (byte)'0' or > (byte)'9' && text[^1] != '.'
            || !Utf8Parser.TryParse(text, out double value, out var used)
            || used != text.Length
        )
        {
            throw new RespProtocolException("A double is not a number.");
        }

        return value;
    }

    /// <summary>Checks the digits of a big number.</summary>
    /// <exception cref="RespProtocolException">It is none.</exception>
    public static void CheckBigNumber(ReadOnlySpan<byte> text)
    {
        var digits = text.Length > 0 && text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            throw new RespProtocolException("A big number is not a number.");
        }
    }
}
