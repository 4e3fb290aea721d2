namespace ClusterSession.TestKit.Faults;

/// <summary>
/// Counts how often a byte pattern has passed in a stream that arrives in any pieces
/// (Knuth-Morris-Pratt: one state, no buffering).
/// </summary>
internal sealed class PatternMatcher
{
    private readonly byte[] _pattern;
    private readonly int[] _fallback;
    private int _matched;

    public PatternMatcher(byte[] pattern)
    {
        ArgumentOutOfRangeException.ThrowIfZero(pattern.Length);
        _pattern = pattern;
        _fallback = new int[pattern.Length];
        for (int i = 1, k = 0; i < pattern.Length; i++)
        {
            while (k > 0 && pattern[i] != pattern[k])
            {
                k = _fallback[k - 1];
            }
            _fallback[i] = pattern[i] == pattern[k] ? ++k : k;
        }
    }

    public int Feed(ReadOnlySpan<byte> bytes)
    {
        var found = 0;
        foreach (var next in bytes)
        {
            while (_matched > 0 && next != _pattern[_matched])
            {
                _matched = _fallback[_matched - 1];
            }
            if (next == _pattern[_matched])
            {
                _matched++;
            }
            if (_matched == _pattern.Length)
            {
                found++;
                _matched = _fallback[_matched - 1];
            }
        }
        return found;
    }

    /// <summary>
    /// Forgets a half-seen pattern, so that none is found across the border of two requests.
    /// </summary>
    public void Restart() => _matched = 0;
}
