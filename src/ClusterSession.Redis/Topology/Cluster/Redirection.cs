using System.Globalization;

namespace ClusterSession.Redis.Topology.Cluster;

/// <summary>Where a MOVED or ASK error sends us: <c>MOVED 3999 127.0.0.1:6381</c>.</summary>
/// <param name="Slot">Which slot it is about.</param>
/// <param name="Endpoint">Who has it.</param>
internal readonly record struct Redirection(int Slot, RedisEndpoint Endpoint)
{
    /// <summary>Reads the error's text. An empty host means the one that answered.</summary>
    public static bool TryParse(string text, RedisEndpoint answeredBy, out Redirection redirection)
    {
        redirection = default;
        // Redis before 7.0 wraps errors that come from inside scripts; the code is last there.
        var at = Math.Max(
            text.LastIndexOf("MOVED ", StringComparison.Ordinal),
            text.LastIndexOf("ASK ", StringComparison.Ordinal)
        );
        if (
            at < 0
            || text[at..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [_, var slotText, var address, ..]
        )
        {
            return false;
        }

        var colon = address.LastIndexOf(':');
        if (
            colon < 0
            || !int.TryParse(slotText, NumberStyles.None, CultureInfo.InvariantCulture, out var slot)
            || slot >= HashSlot.Count
            || !int.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port is < 1 or > 65535
        )
        {
            return false;
        }

        var host = address[..colon].Trim('[', ']');
        redirection = new Redirection(
            slot,
            new RedisEndpoint(host.Length == 0 || host == "?" ? answeredBy.Host : host, port)
        );
        return true;
    }
}
