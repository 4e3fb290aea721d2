using ClusterSession.ChaosTests.Load.Http;
using ClusterSession.Histories;

namespace ClusterSession.ChaosTests.Load;

/// <summary>
/// The cookies of one client for one session. Cookies are applied in the order in which answers
/// arrive, as a browser does. Thread-safe.
/// </summary>
internal sealed class CookieJar(int session)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, string> _cookies = new(StringComparer.Ordinal); // under _lock
    private SeenVersion? _token; // under _lock; the version that the cookie in the jar was issued for, if it was said
    private int _generation; // under _lock

    /// <summary>The number of the session in this run.</summary>
    public int Session => session;

    /// <summary>What a request would send now.</summary>
    public JarState State
    {
        get
        {
            lock (_lock)
            {
                var cookie = _cookies.Count == 0 ? null : string.Join("; ", _cookies.Select(c => $"{c.Key}={c.Value}"));
                return new JarState(session, cookie, cookie is null ? null : _token, _generation);
            }
        }
    }

    /// <param name="renewed">The answer to an acknowledged renewal: cookies sent before it are of
    /// an earlier generation.</param>
    /// <returns>Whether a cookie was set.</returns>
    public bool Apply(HttpAnswer answer, SeenVersion? version, bool renewed)
    {
        lock (_lock)
        {
            var wasSet = false;
            foreach (var header in answer.All("Set-Cookie"))
            {
                var pair = header.Split(';')[0];
                var equals = pair.IndexOf('=');
                var (name, value) = (pair[..equals].Trim(), pair[(equals + 1)..].Trim());
                if (value.Length == 0)
                {
                    _cookies.Remove(name);
                    continue;
                }
                _cookies[name] = value;
                wasSet = true;
            }
            if (wasSet)
            {
                _token = version;
            }
            _generation += renewed ? 1 : 0;
            return wasSet;
        }
    }

    /// <summary>A second jar with the same cookies, as on another device.</summary>
    public CookieJar Copy()
    {
        var copy = new CookieJar(session);
        lock (_lock)
        {
            foreach (var (name, value) in _cookies)
            {
                copy._cookies[name] = value;
            }
            copy._token = _token;
            copy._generation = _generation;
        }
        return copy;
    }
}
