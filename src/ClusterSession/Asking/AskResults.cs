using ClusterSession.Records;

namespace ClusterSession.Asking;

/// <summary>
/// Remembers for 10 s at most what asks have found of sessions that lack a commit, so that the
/// nodes are not asked each time that a cookie comes back. Also says whether one session more may
/// be asked for now. Used under the lock of <see cref="SessionAsks"/>.
/// </summary>
/// <remarks>
/// What was restored is in the store, and is not remembered. What is not decided is remembered for
/// a second. A session for which a node has not answered is not lost yet. But after 10 s of such
/// asks the result is <see cref="AskResult.GivenUp"/>, so that the session may count as lost. Each
/// new ask still waits for the node. Bounded: past the limit all are forgotten at once.
/// </remarks>
internal sealed class AskResults(TimeProvider time)
{
    /// <summary>How many sessions a node asks for in a second, at most, over some time.</summary>
    public const int MaxPerSecond = 1_000;

    private const int MaxCount = 10_000;
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MemoryOfUndecided = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxUnanswered = TimeSpan.FromSeconds(10);

    private readonly Dictionary<SessionKey, Found> _results = [];
    private double _free = MaxPerSecond;
    private long _freeAt = time.GetTimestamp();

    /// <summary>
    /// The remembered result of an ask that had ended by a timestamp. It counts only for a commit
    /// that was asked for: another one may have been made since. An end counts for every commit.
    /// </summary>
    public bool TryGet(SessionKey key, SessionVersion missed, long at, out AskResult result)
    {
        var isKnown = _results.TryGetValue(key, out var found);
        result = found.Result;
        return isKnown
            && found.At <= at
            && (result == AskResult.Ended || found.Missed.Contains(missed))
            && time.GetElapsedTime(found.At)
                < (result == AskResult.GivenUp || IsOpen(result) ? MemoryOfUndecided : Memory);
    }

    /// <summary>An ask is over.</summary>
    /// <returns>What is to be said of the session.</returns>
    public AskResult Add(SessionKey key, IReadOnlyCollection<SessionVersion> missed, AskResult result)
    {
        if (result is AskResult.Restored or AskResult.Unasked)
        {
            _results.Remove(key);
            return result;
        }

        if (_results.Count >= MaxCount)
        {
            _results.Clear();
        }

        var said = Bounded(key, result, out var since);
        _results[key] = new Found(said, missed, time.GetTimestamp(), since);
        return said;
    }

    /// <summary>What is to be said of a session for which not all nodes have answered.</summary>
    public AskResult Bounded(SessionKey key, AskResult result) => Bounded(key, result, out _);

    private AskResult Bounded(SessionKey key, AskResult result, out long since)
    {
        var now = time.GetTimestamp();
        since =
            _results.TryGetValue(key, out var before)
            && (before.Result == AskResult.GivenUp || IsOpen(before.Result))
            && time.GetElapsedTime(before.At, now) < Memory
                ? before.UnansweredSince
                : now;
        return IsOpen(result) && time.GetElapsedTime(since, now) >= MaxUnanswered ? AskResult.GivenUp : result;
    }

    private static bool IsOpen(AskResult result) => result is AskResult.Unanswered or AskResult.RestoredSoFar;

    /// <summary>A node has come that may have what nobody had.</summary>
    public void Forget() => _results.Clear();

    /// <summary>Whether one session more may be asked for.</summary>
    public bool TryTake()
    {
        var now = time.GetTimestamp();
        _free = Math.Min(MaxPerSecond, _free + (time.GetElapsedTime(_freeAt, now).TotalSeconds * MaxPerSecond));
        _freeAt = now;
        if (_free < 1)
        {
            return false;
        }

        _free--;
        return true;
    }

    private readonly record struct Found(
        AskResult Result,
        IReadOnlyCollection<SessionVersion> Missed,
        long At,
        long UnansweredSince
    );
}
