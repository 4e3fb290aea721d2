using System.Globalization;

namespace ClusterSession.Redis.Topology.Cluster;

/// <summary>One line of CLUSTER NODES. Immutable.</summary>
/// <param name="Id">Name of the node, the same for its whole life.</param>
/// <param name="Endpoint">Where clients reach it; null: not known.</param>
/// <param name="IsMaster">Whether it is a master.</param>
/// <param name="IsFailed">Whether a majority of the masters takes it for dead.</param>
/// <param name="Epoch">Configuration epoch of a master: of two that claim a slot the higher one has
/// it.</param>
/// <param name="Slots">Ranges of slots that it claims, both ends included.</param>
/// <param name="MasterId">Of a replica: whose it is.</param>
internal sealed record ClusterNode(
    string Id,
    RedisEndpoint? Endpoint,
    bool IsMaster,
    bool IsFailed,
    long Epoch,
    IReadOnlyList<(int First, int Last)> Slots,
    string? MasterId = null
)
{
    /// <summary>Whether the node that replied does not reach it; others may.</summary>
    public bool IsSuspected { get; init; }

    /// <summary>Whether it claims a slot.</summary>
    public bool Claims(int slot) => Slots.Any(range => range.First <= slot && slot <= range.Last);

    /// <summary>Reads the whole reply.</summary>
    /// <remarks>
    /// <code>
    /// id host:port@bus[,hostname] flags master ping pong epoch link slot slot-slot
    /// [slot-&gt;-id]...
    /// </code>
    /// CLUSTER NODES rather than SLOTS or SHARDS: it alone tells the epochs, by which two views can
    /// be compared.
    /// </remarks>
    /// <param name="text">The reply.</param>
    /// <param name="answeredBy">Who replied: a node that does not know its own address leaves it
    /// out.</param>
    /// <param name="wantsNames">Whether host names are preferred over addresses, as TLS
    /// certificates do.</param>
    public static IReadOnlyList<ClusterNode> ParseAll(string text, RedisEndpoint answeredBy, bool wantsNames)
    {
        List<ClusterNode> nodes = [];
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (
                line.Split(' ') is [var id, var address, var flagText, var master, _, _, var epochText, _, .. var slots]
                && long.TryParse(epochText, NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)
            )
            {
                var flags = flagText.Split(',');
                var isUsable = !flags.Contains("noaddr") && !flags.Contains("handshake");
                nodes.Add(
                    new ClusterNode(
                        id,
                        isUsable ? ParseAddress(address, answeredBy, wantsNames) : null,
                        flags.Contains("master"),
                        flags.Contains("fail"),
                        epoch,
                        ParseSlots(slots),
                        master == "-" ? null : master
                    )
                    {
                        IsSuspected = flags.Contains("fail?"),
                    }
                );
            }
        }

        return nodes;
    }

    private static RedisEndpoint? ParseAddress(string address, RedisEndpoint answeredBy, bool wantsNames)
    {
        var parts = address.Split(',');
        var bus = parts[0].IndexOf('@', StringComparison.Ordinal);
        var place = bus < 0 ? parts[0] : parts[0][..bus];
        var colon = place.LastIndexOf(':');
        if (
            colon < 0
            || !int.TryParse(place.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port is < 1 or > 65535
        )
        {
            return null;
        }

        var host = place[..colon].Trim('[', ']');
        if (wantsNames && parts is [_, { Length: > 0 } name, ..] && !name.Contains('=', StringComparison.Ordinal))
        {
            host = name;
        }

        return new RedisEndpoint(host.Length == 0 ? answeredBy.Host : host, port);
    }

    private static List<(int First, int Last)> ParseSlots(string[] parts)
    {
        List<(int First, int Last)> ranges = [];
        // In brackets: slots on their way in or out. They belong to whom they belong until the move
        // is finished.
        foreach (var part in parts.Where(part => part.Length > 0 && part[0] != '['))
        {
            var dash = part.IndexOf('-', StringComparison.Ordinal);
            if (
                int.TryParse(
                    dash < 0 ? part : part[..dash],
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out var first
                )
                && int.TryParse(part.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var last)
                && first <= last
                && last < HashSlot.Count
            )
            {
                ranges.Add((first, last));
            }
        }

        return ranges;
    }
}
