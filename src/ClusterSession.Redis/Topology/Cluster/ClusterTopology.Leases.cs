using System.Globalization;
using System.Text;
using ClusterSession.Redis.Connection;

namespace ClusterSession.Redis.Topology.Cluster;

internal sealed partial class ClusterTopology : ISlotRuler
{
    // A map that is asked for each second, give or take a quarter, must not be out of date in between.
    private static readonly TimeSpan MapSlack = TimeSpan.FromSeconds(1.5);

    private readonly string? _heartbeatPrefix;
    private long _confirmedAt;

    /// <inheritdoc/>
    public bool IsMapCurrent(TimeSpan lease) =>
        Volatile.Read(ref _confirmedAt) is var at and not 0 && _time.GetElapsedTime(at) < lease + MapSlack;

    /// <inheritdoc/>
    public byte[]? HeartbeatKeyOf(RedisConnection connection)
    {
        for (var slot = 0; slot < HashSlot.Count; slot++)
        {
            if (RouteOf(slot)?.Current == connection)
            {
                return Encoding.ASCII.GetBytes(string.Create(
                    CultureInfo.InvariantCulture, $"{_heartbeatPrefix}{{{HashSlot.NumberIn(slot)}}}"));
            }
        }

        return null;
    }

    /// <summary>
    /// A node has told its view. It confirms the map only where that node reaches most of the masters: one that is cut off
    /// goes on telling what it knew, and a slot that another master takes over meanwhile is emptied without a push.
    /// </summary>
    private void Confirm(IReadOnlyList<ClusterNode> view, long askedAt)
    {
        var masters = view.Where(static node => node is { IsMaster: true, Slots.Count: > 0 }).ToList();
        if (masters.Count(static master => master is { IsFailed: false, IsSuspected: false }) * 2 > masters.Count)
        {
            Volatile.Write(ref _confirmedAt, askedAt);
        }
    }
}
