using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ClusterSession.Records;

namespace ClusterSession.TestKit.Sessions;

/// <summary>
/// Writes everything that a record holds as text, so that tests compare records by it and a failure
/// shows the difference.
/// </summary>
public static class RecordText
{
    public static string Of(SessionRecord record)
    {
        var text = new StringBuilder();
        text.Append(
            CultureInfo.InvariantCulture,
            $"flags {record.Flags} created {record.Created.ToUnixTimeMilliseconds()} "
        );
        text.Append(CommitsOf(record));

        foreach (var attribute in record)
        {
            text.Append('\n').Append(Of(attribute.Name, attribute.Version, attribute.Flags, attribute.Payload));
        }

        return text.ToString();
    }

    /// <summary>The version and the commits: of each interval lo, hi and writer.</summary>
    public static string CommitsOf(SessionRecord record)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"version {record.Version} contains");
        for (var rest = record.Intervals; !rest.IsEmpty; rest = rest[20..])
        {
            var lo = BinaryPrimitives.ReadInt64BigEndian(rest) >>> 8;
            SessionVersion.TryRead(rest[7..], out var newest);
            text.Append(CultureInfo.InvariantCulture, $" ({lo:x}, {newest}]");
        }

        return record.HasDroppedTombstones
            ? text.Append(CultureInfo.InvariantCulture, $" dropped, forgotten up to {record.ForgottenUpTo:x}")
                .ToString()
            : text.ToString();
    }

    public static string Of(string name, SessionVersion version, byte flags, ReadOnlySpan<byte> value) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Uri.EscapeDataString(name)} @{version} flags {flags} = {Short(value)}"
        );

    private static string Short(ReadOnlySpan<byte> value) =>
        value.Length <= 40
            ? Convert.ToHexString(value)
            : $"{value.Length} bytes, SHA-256 {Convert.ToHexString(SHA256.HashData(value))[..16]}";
}
