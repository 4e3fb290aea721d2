using System.Text;
using ClusterSession.Redis.Protocol;

namespace ClusterSession.Tests.Redis.Protocol;

/// <summary>Replies as short text, so that a test shows bytes and meaning side by side.</summary>
internal static class RespText
{
    public static byte[] Bytes(string raw) => Encoding.Latin1.GetBytes(raw);

    /// <summary>
    /// The first frame of the bytes in a notation of our own, and null if it is incomplete.
    /// </summary>
    public static string? Show(ReadOnlySpan<byte> bytes, RespLimits? limits = null)
    {
        var length = new RespScanner(limits ?? RespLimits.Default).Scan(bytes);
        return length == 0 ? null : ShowFrame(bytes[..length]);
    }

    public static string ShowFrame(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        reader.Read();
        return ShowCurrent(ref reader);
    }

    private static string ShowCurrent(ref RespReader reader)
    {
        if (!reader.IsAggregate)
        {
            return reader.Type switch
            {
                RespType.Null => "null",
                RespType.Integer => "int " + reader.GetInt64(),
                RespType.Double => FormattableString.Invariant($"double {RespNumber.ParseDouble(reader.Bytes)}"),
                RespType.Boolean => reader.Bytes[0] == 't' ? "true" : "false",
                var type => $"{type} {Encoding.Latin1.GetString(reader.Bytes)}",
            };
        }

        var text = new StringBuilder(reader.Type + "[");
        for (int i = 0, count = reader.Count; i < count; i++)
        {
            reader.Read();
            text.Append(i == 0 ? "" : ", ").Append(ShowCurrent(ref reader));
        }

        return text.Append(']').ToString();
    }
}
