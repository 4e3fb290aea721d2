using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ClusterSession.Sessions;

namespace ClusterSession.TestKit.Sessions;

/// <summary>Writes everything that a record holds as text, so that tests compare records by it and a failure shows the difference.</summary>
public static class RecordText
{
    public static string Of(SessionRecord record)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"flags {record.Flags} created {record.Created.ToUnixTimeMilliseconds()} lineage");
        for (var i = 0; i < record.LineageLength; i++)
        {
            text.Append(' ').Append(record.Lineage(i));
        }

        foreach (var attribute in record)
        {
            text.Append('\n').Append(Of(attribute.Name, attribute.Version, attribute.Flags, attribute.Payload));
        }

        return text.ToString();
    }

    public static string Of(string name, SessionVersion version, byte flags, ReadOnlySpan<byte> value) =>
        string.Create(CultureInfo.InvariantCulture, $"{Uri.EscapeDataString(name)} @{version} flags {flags} = {Short(value)}");

    private static string Short(ReadOnlySpan<byte> value) => value.Length <= 40
        ? Convert.ToHexString(value)
        : $"{value.Length} bytes, SHA-256 {Convert.ToHexString(SHA256.HashData(value))[..16]}";
}
