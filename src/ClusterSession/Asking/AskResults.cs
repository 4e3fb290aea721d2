using ClusterSession.Records;

namespace ClusterSession.Asking;

/// <summary>
/// What asks have found, for 10 s each, so that a cookie that comes back is not asked for each
/// time; how many sessions may be asked for now. Used under the lock of <see cref="SessionAsks"/>.
/// </summary>
/// <remarks>
/// What was restored is in the store, and is not remembered; what nobody could say, for a second.
/// Bounded: past the limit all are forgotten at once.
/// </remarks>
internal sealed class AskResults(TimeProvider time)
{
    /// <summary>How many sessions a node asks for in a second, at most, over some time.</summary>
    public const int MostPerSecond = 1_000;

    private const int Most = 10_000;
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MemoryOfNothing = TimeSpan.FromSeconds(1);

    private readonly Dictionary<SessionKey, (AskResult Result, long At)> _results = [];
    private double _free = MostPerSecond;
    private long _freeAt = time.GetTimestamp();

    public bool TryGet(SessionKey key, out AskResult result)
    {
        var isKnown = _results.TryGetValue(key, out var found);
        result = found.Result;
        if (isKnown && time.GetElapsedTime(found.At) >= (result == AskResult.Unknown ? MemoryOfNothing : Memory))
        {
            _results.Remove(key);
            return false;
        }

        return isKnown;
    }

    public void Add(SessionKey key, AskResult result)
    {
        if (result is AskResult.Restored or AskResult.Unasked)
        {
            _results.Remove(key);
            return;
        }

        if (_results.Count >= Most)
        {
            _results.Clear();
        }

        _results[key] = (result, time.GetTimestamp());
    }

    /// <summary>A node has come that may have what nobody had.</summary>
    public void Forget() => _results.Clear();

    /// <summary>Whether one session more may be asked for.</summary>
    public bool TryTake()
    {
        var now = time.GetTimestamp();
        _free = Math.Min(MostPerSecond, _free + (time.GetElapsedTime(_freeAt, now).TotalSeconds * MostPerSecond));
        _freeAt = now;
        if (_free < 1)
        {
            return false;
        }

        _free--;
        return true;
    }
}
