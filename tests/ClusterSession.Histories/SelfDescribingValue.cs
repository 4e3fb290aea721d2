using System.Globalization;
using System.Text;

namespace ClusterSession.Histories;

/// <summary>
/// A value that says who wrote it: <c>session|client|request|op|crc32</c>, the checksum over all
/// that comes before it. Read anywhere, it shows at once whether it belongs to this session, was
/// ever written, and arrived whole. An optional filler before the checksum makes it as long as
/// wanted.
/// </summary>
public readonly record struct SelfDescribingValue(int Session, int Client, int Request, int Op)
{
    /// <summary>Whether the text bears the marks of such a value, however damaged.</summary>
    public static bool LooksLikeOne(string text) => text.Contains('|');

    public string ToText(int fillerBytes = 0)
    {
        var body = string.Create(CultureInfo.InvariantCulture, $"{Session}|{Client}|{Request}|{Op}|");
        if (fillerBytes > 0)
        {
            body += new string((char)('a' + (Request % 26)), fillerBytes) + "|";
        }
        return body + Checksum(body).ToString("x8", CultureInfo.InvariantCulture);
    }

    /// <summary>Null if the text is not whole.</summary>
    public static SelfDescribingValue? TryParse(string text)
    {
        var last = text.LastIndexOf('|');
        if (
            last < 0
            || text.Length - last - 1 != 8
            || !uint.TryParse(
                text.AsSpan(last + 1),
                NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture,
                out var crc
            )
            || Checksum(text[..(last + 1)]) != crc
        )
        {
            return null;
        }
        var parts = text.Split('|');
        return
            parts.Length >= 5
            && TryNumber(parts[0], out var session)
            && TryNumber(parts[1], out var client)
            && TryNumber(parts[2], out var request)
            && TryNumber(parts[3], out var op)
            ? new SelfDescribingValue(session, client, request, op)
            : null;
    }

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    // CRC-32 (IEEE 802.3, reflected 0xEDB88320): finds every error burst of up to 32 bits, which a
    // sum would not.
    private static uint Checksum(string text)
    {
        var crc = uint.MaxValue;
        foreach (var next in Encoding.UTF8.GetBytes(text))
        {
            crc ^= next;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xEDB88320u & (uint)-(int)(crc & 1));
            }
        }
        return ~crc;
    }
}
