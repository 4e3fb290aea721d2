using System.Collections.Concurrent;
using ClusterSession.Redis.Connection;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Requests;

/// <summary>
/// The leases of local copies: one for each connection, current while the connection has proved
/// alive within the lease time, and never before its server has proved that it pushes what changes.
/// A lease is asked for on the reader loop, so that a copy that was read before a FLUSHALL never
/// gets a lease that is made after the FLUSHALL.
/// </summary>
internal sealed class CopyLeases(TimeSpan length)
{
    private readonly ConcurrentDictionary<RedisConnection, Lease> _leases = new();

    public SessionLease For(RedisConnection connection)
    {
        if (_leases.TryGetValue(connection, out var lease))
        {
            return lease;
        }

        return connection.IsClosed
            ? SessionLease.Lost
            : _leases.GetOrAdd(connection, static (of, length) => new Lease(of, length), length);
    }

    /// <summary>All that was read over the connection may have changed.</summary>
    public void Revoke(RedisConnection connection)
    {
        if (_leases.TryRemove(connection, out var lease))
        {
            lease.Revoke();
        }
    }

    private sealed class Lease(RedisConnection connection, TimeSpan length) : SessionLease
    {
        private volatile bool _isRevoked;

        public override bool IsCurrent =>
            !_isRevoked && TrackingProbe.IsProvedOn(connection) && connection.IsProvenAlive(length);

        public override int Partition => connection.Partition;

        public override long Epoch => connection.Gate?.Epoch ?? 0;

        public override bool IsLost => _isRevoked || connection.IsClosed;

        public void Revoke() => _isRevoked = true;
    }
}
