using ClusterSession.Redis.Connection;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Store;

/// <summary>
/// Knows how far the history of each master of a partition had come at which time, and so tells
/// which acknowledged commits a new master certainly has.
/// </summary>
/// <remarks>
/// <code>
/// commits acknowledged   ......x...x.x....x....x..x....        time ->
/// samples of the offset        o=100     o=170     o=230       (ROLE, each heartbeat)
/// new master says: I have the former history up to 200 (second_repl_offset 201)
///   -> all commits acknowledged before the sample o=170 was asked for are safe, the later ones in
///      doubt
/// </code>
/// A commit's own offset is not known (no reply carries it); a sample asked for after the
/// acknowledgement bounds it. Thread-safe.
/// </remarks>
internal sealed class ReplicationHistory
{
    private const int SamplesKept = 8192;
    private const int HistoriesKept = 16;

    private readonly Lock _lock = new();
    private readonly List<(string Id, Queue<(long AskedAt, long Offset)> Samples)> _histories = [];

    /// <summary>A master told its offset.</summary>
    public void Sample(string replicationId, long askedAt, long offset)
    {
        lock (_lock)
        {
            var samples = _histories.Find(history => history.Id == replicationId).Samples;
            if (samples is null)
            {
                _histories.Add((replicationId, samples = new Queue<(long, long)>()));
                if (_histories.Count > HistoriesKept)
                {
                    _histories.RemoveAt(0);
                }
            }

            samples.Enqueue((askedAt, offset));
            if (samples.Count > SamplesKept)
            {
                samples.Dequeue();
            }
        }
    }

    /// <summary>
    /// What the server that is connected to now has of what was acknowledged before.
    /// </summary>
    public StoreContinuity ContinuityOf(RedisServerIdentity now, RedisServerIdentity? previous) =>
        now.ContinuityFrom(previous) switch
        {
            RedisContinuity.First or RedisContinuity.Same => new StoreContinuity(StoreLoss.None),
            // A promoted replica: the same history, perhaps without its end.
            RedisContinuity.SameHistory => new StoreContinuity(StoreLoss.Recent, SafeUntil(now)),
            _ => new StoreContinuity(StoreLoss.Everything),
        };

    private long SafeUntil(RedisServerIdentity now)
    {
        var safe = long.MinValue;
        lock (_lock)
        {
            if (_histories.Find(history => history.Id == now.ReplicationId2).Samples is { } samples)
            {
                foreach (var (askedAt, offset) in samples)
                {
                    if (offset < now.SecondReplicationOffset)
                    {
                        safe = askedAt;
                    }
                }
            }
        }

        return safe;
    }
}
