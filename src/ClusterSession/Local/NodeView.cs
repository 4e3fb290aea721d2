using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.Local;

/// <summary>
/// What this node knows at this moment of a session that a request has opened or committed earlier.
/// It never asks the store. Thread-safe.
/// </summary>
internal sealed class NodeView(NodeSessions local)
{
    /// <summary>The newest version known here, and how far it can be relied on.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="version">The version that the request has.</param>
    /// <param name="newest">The version of the local copy where that contains the request's; else
    /// the request's.</param>
    public Freshness Look(SessionKey key, SessionVersion version, out SessionVersion newest)
    {
        newest = version;
        if (local.Ends.Contains(key))
        {
            return Freshness.Ended;
        }

        if (!local.Copies.TryGet(key, out var copy) || !copy.IsComplete)
        {
            return Freshness.Unknown;
        }

        if (copy.Record.Version > version && copy.Record.Contains(version))
        {
            newest = copy.Record.Version;
        }

        return !copy.IsCurrent ? Freshness.Changed
            : copy.IsFresh ? Freshness.Fresh
            : Freshness.Unknown;
    }

    /// <summary>To be taken before the store is asked, and given to <see
    /// cref="Publish"/>.</summary>
    public int Mark(SessionKey key) => local.Copies.Mark(key);

    /// <summary>
    /// Puts the record that the store has here, as the local copy, before a client is shown its
    /// version. If the store vanishes then, the client's next request is served here.
    /// </summary>
    public void Publish(SessionKey key, in StoreRead read, int mark) => local.Publish(key, read, mark);

    /// <summary>
    /// Whether a client was shown of late that something of the session is gone: a node that has it
    /// may still bring it.
    /// </summary>
    public bool MayBeBehind(SessionKey key) => local.Missed.Contains(key);

    /// <summary>
    /// Whether this node last sent the session's cookie so many ticks ago or more, or does not know
    /// when: without a copy nothing remembers it.
    /// </summary>
    public bool IsCookieOlderThan(int ticks, SessionKey key) =>
        !local.Copies.TryGet(key, out var copy) || local.Copies.Clock.Now - copy.CookieSentAt >= ticks;

    /// <summary>The session's cookie leaves with a response.</summary>
    public void CookieSent(SessionKey key)
    {
        if (local.Copies.TryGet(key, out var copy))
        {
            copy.CookieSentAt = local.Copies.Clock.Now;
        }
    }
}
