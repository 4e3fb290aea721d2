namespace ClusterSession.Redis.Topology.Sentinel;

/// <summary>
/// What all sentinels together say: the newest configuration epoch wins. Not thread-safe: its owner
/// locks.
/// </summary>
/// <remarks>
/// <code>
///   s1 (cut off since yesterday)  epoch 3: a      \
///   s2                            epoch 5: b       >  b, epoch 5
///   s3                            epoch 5: b      /
/// </code>
/// Rejected: asking for a majority. One sentinel is the first to know of a finished failover, and
/// its epoch already says that a majority has elected that sentinel. The view never goes back from
/// an epoch that was seen to an older one, not even when the sentinel with the newer epoch is gone:
/// the master that the older epoch names was deposed. All sentinels down changes nothing: the last
/// master stays. <see cref="Forget"/> is the way out when the sentinels were set up anew and count
/// from 0.
/// </remarks>
internal sealed class SentinelView
{
    private readonly Dictionary<RedisEndpoint, SentinelAnswer> _answers = [];

    /// <summary>The master; null while no sentinel has named one.</summary>
    public RedisEndpoint? Master { get; private set; }

    /// <summary>The newest epoch seen; -1 before the first.</summary>
    public long Epoch { get; private set; } = -1;

    /// <summary>How many sentinels have answered and were not lost since.</summary>
    public int Answered => _answers.Count;

    /// <summary>Whether all answers say that there is no master of that name.</summary>
    public bool IsUnknown => Master is null && _answers.Count > 0;

    /// <summary>
    /// Whether sentinels answer, and every one of them with a configuration older than the newest
    /// that was seen.
    /// </summary>
    public bool AllAreOlder => !Newest.Any() && _answers.Values.Any(answer => answer.Master is not null);

    /// <summary>
    /// Whether a sentinel with the newest configuration says that the master is being replaced.
    /// </summary>
    public bool IsFailingOver => Newest.Any(answer => answer.IsFailingOver);

    /// <summary>The replicas, one of which may have been promoted already.</summary>
    public IReadOnlyList<RedisEndpoint> Replicas =>
        [.. Newest.SelectMany(answer => answer.Replicas).Distinct().Where(replica => replica != Master)];

    /// <summary>All sentinels that any sentinel knows.</summary>
    public IReadOnlyList<RedisEndpoint> Sentinels =>
        [.. _answers.Values.SelectMany(answer => answer.Sentinels).Distinct()];

    private IEnumerable<SentinelAnswer> Newest =>
        _answers.Values.Where(answer => answer.Epoch == Epoch && answer.Master is not null);

    /// <summary>A sentinel has answered. True: the master is another one now.</summary>
    public bool Report(RedisEndpoint sentinel, SentinelAnswer answer)
    {
        _answers[sentinel] = answer;
        if (answer.Master is null || answer.Epoch < Epoch)
        {
            return false;
        }

        var before = Master;
        if (answer.Epoch > Epoch)
        {
            (Epoch, Master) = (answer.Epoch, answer.Master);
        }
        else
        {
            // One configuration, several addresses: set up by hand. Most votes, and no change on a
            // draw.
            var votes = Newest.GroupBy(a => a.Master).ToDictionary(g => g.Key!.Value, g => g.Count());
            var best = votes.MaxBy(v => v.Value);
            if (Master is not { } current || best.Value > votes.GetValueOrDefault(current))
            {
                Master = best.Key;
            }
        }

        return Master != before;
    }

    /// <summary>A sentinel does not answer any more.</summary>
    public void Lost(RedisEndpoint sentinel) => _answers.Remove(sentinel);

    /// <summary>Begins anew; the last master stays until somebody answers.</summary>
    public void Forget()
    {
        _answers.Clear();
        Epoch = -1;
    }
}
