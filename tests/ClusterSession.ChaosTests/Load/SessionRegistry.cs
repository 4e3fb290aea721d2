namespace ClusterSession.ChaosTests.Load;

/// <summary>All sessions of a run, by number. Thread-safe.</summary>
internal sealed class SessionRegistry
{
    private readonly Lock _lock = new();
    private readonly List<CookieJar> _jars = []; // under _lock; the index is the session's number
    private readonly List<CookieJar> _copies = []; // under _lock; the jars of further devices

    public CookieJar Begin()
    {
        lock (_lock)
        {
            var jar = new CookieJar(_jars.Count);
            _jars.Add(jar);
            return jar;
        }
    }

    /// <summary>Another device has this jar, of a session that was begun.</summary>
    public void Add(CookieJar copy)
    {
        lock (_lock)
        {
            _copies.Add(copy);
        }
    }

    /// <summary>
    /// The cookie that each session's devices were left with: of several the one that names the
    /// newest commit. Only who comes with that one is owed a word of its loss.
    /// </summary>
    public IReadOnlyList<JarState> Left()
    {
        lock (_lock)
        {
            var copies = _copies.Select(static copy => copy.State).ToLookup(static state => state.Session);
            return
            [
                .. _jars
                    .Select(static jar => jar.State)
                    .Where(static state => state.Cookie is not null)
                    .Select(state =>
                        copies[state.Session]
                            .Where(copy => copy.Cookie is not null && copy.Generation == state.Generation)
                            .Append(state)
                            .MaxBy(static one => one.Token ?? default)
                    ),
            ];
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
