using System.Collections.Concurrent;

namespace ClusterSession.Asking;

/// <summary>
/// The other nodes on the channel that have said hello within 3 s, and what they answer.
/// Thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// certain  this node has heard for 2 s without a gap, so that nobody who is there is unknown
/// drowsy   this node was not running for a while, until now or until less than a second ago: what
///          reaches it now may have waited for it, and may no longer be true
/// </code>
/// </remarks>
internal sealed class LiveNodes(TimeProvider time)
{
    /// <summary>
    /// The protocol that this release answers. A node that announces a lower one answers no ask.
    /// </summary>
    public const byte Protocol = 1;

    /// <summary>How often a node says that it is there.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Memory = 3 * Interval;
    private static readonly TimeSpan Gap = 2 * Interval;
    private static readonly TimeSpan HeardAllAfter = 2 * Interval;

    /// <summary>For how long a node that has left is known, whatever is heard of it late.</summary>
    private static readonly TimeSpan MemoryOfLeaving = 10 * Interval;

    private readonly ConcurrentDictionary<long, Node> _nodes = new();
    private long _tickedAt = time.GetTimestamp();
    private long _begunAt = long.MinValue; // since when everybody is heard
    private long _wokeAt = long.MinValue;
    private long _joinedAt = long.MinValue;

    /// <summary>Whether everybody who is there has been heard of.</summary>
    public bool IsCertain =>
        !IsDrowsy
        && Volatile.Read(ref _begunAt) is var begunAt
        && begunAt != long.MinValue
        && time.GetElapsedTime(begunAt) >= HeardAllAfter;

    /// <summary>Whether this node was not running until a moment ago.</summary>
    public bool IsDrowsy =>
        time.GetElapsedTime(Volatile.Read(ref _tickedAt)) > Gap
        || (
            Volatile.Read(ref _wokeAt) is var wokeAt
            && wokeAt != long.MinValue
            && time.GetElapsedTime(wokeAt) < Interval
        );

    /// <summary>How many nodes answer no ask: those of an older release.</summary>
    public int Older => Live().Count(static node => node.Value.Protocol < Protocol);

    /// <summary>Whether no other node is there.</summary>
    public bool IsAlone => !Live().Any();

    /// <summary>
    /// Whether a node is not known, or was not heard of for 3 s and has not said that it leaves: it
    /// may be dead, or too busy.
    /// </summary>
    public bool IsSilent(long process) =>
        !_nodes.TryGetValue(process, out var node) || (!node.HasLeft && time.GetElapsedTime(node.HeardAt) > Memory);

    /// <summary>Who is asked, and waited for.</summary>
    public HashSet<long> Asked() =>
        [.. Live().Where(static node => node.Value.Protocol >= Protocol).Select(static node => node.Key)];

    /// <summary>
    /// Whether a node has come, or this node's channel was connected, since a timestamp: somebody
    /// may have what no other had.
    /// </summary>
    public bool HaveGrownSince(long timestamp) =>
        Volatile.Read(ref _joinedAt) is var at && at != long.MinValue && at >= timestamp;

    /// <summary>The channel can be received, for the first time or again.</summary>
    public void OnConnected()
    {
        var now = time.GetTimestamp();
        Volatile.Write(ref _begunAt, now);
        Volatile.Write(ref _joinedAt, now);
    }

    /// <summary>A node has said hello.</summary>
    /// <param name="process">The node.</param>
    /// <param name="protocol">What it answers.</param>
    /// <param name="isLeaving">Whether the node says that it leaves.</param>
    /// <returns>Whether it has come: it was not known to be there, and does not leave.</returns>
    public bool Heard(long process, byte protocol, bool isLeaving)
    {
        var now = time.GetTimestamp();
        var isKnown = _nodes.TryGetValue(process, out var before);
        if (isKnown && before.HasLeft)
        {
            return false;
        }

        _nodes[process] = new Node(now, protocol, isLeaving);
        if (isLeaving || (isKnown && time.GetElapsedTime(before.HeardAt, now) <= Memory))
        {
            return false;
        }

        Volatile.Write(ref _joinedAt, now);
        return true;
    }

    /// <summary>To be called once an <see cref="Interval"/>.</summary>
    public void Tick()
    {
        var now = time.GetTimestamp();
        if (time.GetElapsedTime(Volatile.Read(ref _tickedAt), now) > Gap)
        {
            Volatile.Write(ref _wokeAt, now);
            if (Volatile.Read(ref _begunAt) != long.MinValue)
            {
                Volatile.Write(ref _begunAt, now);
            }
        }

        Volatile.Write(ref _tickedAt, now);
        foreach (var node in _nodes)
        {
            if (time.GetElapsedTime(node.Value.HeardAt, now) > MemoryOfLeaving)
            {
                _nodes.TryRemove(node);
            }
        }
    }

    private IEnumerable<KeyValuePair<long, Node>> Live()
    {
        var now = time.GetTimestamp();
        return _nodes.Where(node => !node.Value.HasLeft && time.GetElapsedTime(node.Value.HeardAt, now) <= Memory);
    }

    private readonly record struct Node(long HeardAt, byte Protocol, bool HasLeft);
}
