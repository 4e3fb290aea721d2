using System.Globalization;
using System.Text;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Topology.Cluster;

/// <summary>Knows from the slot map whether a server still owns its slots. Thread-safe.</summary>
/// <param name="heartbeatPrefix">The prefix of the keys that heartbeats read.</param>
/// <param name="time">The clock.</param>
/// <param name="routeOf">The link that serves a slot now.</param>
/// <param name="report">Hears of heartbeats that were refused.</param>
internal sealed class SlotRuler(
    string heartbeatPrefix,
    TimeProvider time,
    Func<int, RedisLink?> routeOf,
    Action<RedisConnection, RedisErrorKind, string?> report
) : ISlotRuler
{
    // A map that is asked for each second, give or take a quarter, must not be out of date in
    // between.
    private static readonly TimeSpan MapSlack = TimeSpan.FromSeconds(1.5);

    private long _confirmedAt;

    /// <inheritdoc/>
    public void ReportError(RedisConnection connection, RedisErrorKind kind, string? text = null) =>
        report(connection, kind, text);

    /// <inheritdoc/>
    public bool IsMapCurrent(TimeSpan lease) =>
        Volatile.Read(ref _confirmedAt) is var at and not 0 && time.GetElapsedTime(at) < lease + MapSlack;

    /// <inheritdoc/>
    public byte[]? HeartbeatKeyOf(RedisConnection connection)
    {
        for (var slot = 0; slot < HashSlot.Count; slot++)
        {
            if (routeOf(slot)?.Current == connection)
            {
                return Encoding.ASCII.GetBytes(
                    string.Create(CultureInfo.InvariantCulture, $"{heartbeatPrefix}{{{HashSlot.KeyNumberIn(slot)}}}")
                );
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public string? TagOf(RedisConnection connection)
    {
        for (var slot = 0; slot < HashSlot.Count; slot++)
        {
            if (
                routeOf(slot) is { } link
                && link.Partition == connection.Partition
                && (link.Current is null || link.Current == connection)
            )
            {
                return HashSlot.KeyNumberIn(slot).ToString(CultureInfo.InvariantCulture);
            }
        }

        return null;
    }

    /// <summary>
    /// A node has told its view. It confirms the map only where that node reaches most of the
    /// masters: one that is cut off goes on telling what it knew, and a slot that another master
    /// takes over meanwhile is emptied without a push.
    /// </summary>
    public void Confirm(IReadOnlyList<ClusterNode> view, long askedAt)
    {
        var masters = view.Where(static node => node is { IsMaster: true, Slots.Count: > 0 }).ToList();
        if (masters.Count(static master => master is { IsFailed: false, IsSuspected: false }) * 2 > masters.Count)
        {
            Volatile.Write(ref _confirmedAt, askedAt);
        }
    }
}
