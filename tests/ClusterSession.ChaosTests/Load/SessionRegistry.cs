namespace ClusterSession.ChaosTests.Load;

/// <summary>All sessions of a run, by number. Thread-safe.</summary>
internal sealed class SessionRegistry
{
    private readonly Lock _lock = new();
    private readonly List<CookieJar> _jars = []; // under _lock; the index is the session's number

    public IReadOnlyList<CookieJar> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _jars];
            }
        }
    }

    public CookieJar Begin()
    {
        lock (_lock)
        {
            var jar = new CookieJar(_jars.Count);
            _jars.Add(jar);
            return jar;
        }
    }

    /// <summary>What a jar holds now, any that holds something.</summary>
    public JarState? Steal(Random random)
    {
        lock (_lock)
        {
            var candidates = _jars.Select(j => j.State).Where(s => s.Cookie is not null).ToList();
            return candidates.Count == 0 ? null : candidates[random.Next(candidates.Count)];
        }
    }
}
