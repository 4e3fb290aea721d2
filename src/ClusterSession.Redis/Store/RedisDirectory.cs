using System.Buffers.Text;
using System.Globalization;
using System.Text;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Redis.Scripts;
using ClusterSession.Redis.Topology;
using ClusterSession.Redis.Topology.Cluster;
using ClusterSession.Stores;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Redis.Store;

/// <summary>
/// Lists sessions by SCAN, master by master. A cursor is <c>slot:cursor of SCAN</c>: the lowest
/// slot of the master that is listed, so that it means the same at each node. Thread-safe.
/// </summary>
internal sealed class RedisDirectory(IRedisTopology topology, RedisKeys keys) : ISessionDirectory
{
    public async ValueTask<SessionListing> ListAsync(string? cursor, int pageSize, StoreDeadline deadline)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pageSize, 1000);
        var (slot, at) = Parse(cursor);
        RedisConnection? connection = null;
        try
        {
            if (!TryGetMaster(slot, out connection))
            {
                connection = await WaitForMasterAsync(slot, deadline).ConfigureAwait(false);
            }

            if (connection is null)
            {
                return SessionListing.Unavailable(cursor, StoreFailure.Unreachable);
            }

            var listing = connection.SendAsync(new ListRequest(keys, Encoding.ASCII.GetBytes(at), pageSize));
            var (next, sessions) = await deadline.LimitAsync(listing, ("", [])).ConfigureAwait(false);
            return next switch
            {
                "" => SessionListing.Unavailable(cursor, StoreFailure.Unknown),
                "0" when NextMaster(slot) is { } following => new(sessions, Cursor(following, "0")),
                "0" => new(sessions, null),
                _ => new(sessions, Cursor(slot, next)),
            };
        }
        catch (RedisServerException refusal)
        {
            topology.ReportError(connection!, refusal.Kind, refusal.Text);
            return SessionListing.Unavailable(cursor, StoreFailure.Refused);
        }
        catch (ConnectionException lost)
        {
            return SessionListing.Unavailable(cursor, lost.Sent ? StoreFailure.Unknown : StoreFailure.Unreachable);
        }
    }

    private static string Cursor(int slot, string at) => string.Create(CultureInfo.InvariantCulture, $"{slot}:{at}");

    private static (int Slot, string At) Parse(string? cursor)
    {
        var parts = cursor?.Split(':') ?? [];
        return
            parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var slot)
            && slot < HashSlot.Count
            && ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out _)
            ? (slot, parts[1])
            : (0, "0");
    }

    /// <summary>
    /// The lowest slot of the next master; also one that nobody serves now, whose sessions must not
    /// be passed over.
    /// </summary>
    private int? NextMaster(int slot)
    {
        var passed = new HashSet<RedisConnection>();
        for (var other = 0; other < HashSlot.Count; other++)
        {
            var isServed = TryGetMaster(other, out var connection);
            var isNew = isServed && passed.Add(connection!);
            if (other > slot && (isNew || !isServed))
            {
                return other;
            }
        }

        return null;
    }

    private bool TryGetMaster(int slot, out RedisConnection? connection)
    {
        Span<byte> key = stackalloc byte[11];
        Utf8Formatter.TryFormat(HashSlot.KeyNumberIn(slot), key, out var length);
        return topology.TryGetConnection(key[..length], out connection);
    }

    /// <summary>Null if the caller does not wait so long.</summary>
    private async ValueTask<RedisConnection?> WaitForMasterAsync(int slot, StoreDeadline deadline)
    {
        var key = Encoding.ASCII.GetBytes(HashSlot.KeyNumberIn(slot).ToString(CultureInfo.InvariantCulture));
        return await deadline.LimitAsync(ConnectAsync(), null).ConfigureAwait(false);

        async ValueTask<RedisConnection?> ConnectAsync() =>
            await topology.GetConnectionAsync(key, CancellationToken.None).ConfigureAwait(false);
    }
}
