namespace ClusterSession.Records;

/// <summary>
/// Issues the versions of this process's commits, and remembers the last stamp that it issued for
/// each session: between two stamps in a row, this process has committed nothing to it.
/// </summary>
/// <remarks>
/// <para>
/// A version is above the clock, the record it is made on, the token of the request and the last
/// one issued for the session: a client never finds its later write undone by an earlier version,
/// and two requests never make two states under one version.
/// </para>
/// <para>
/// Bounded: sessions are remembered in two generations. When the newer one is full, the older one
/// is forgotten as a whole. For a session that is not remembered, the highest stamp that was
/// forgotten stands in for its last stamp: the commit then claims a shorter interval than it might.
/// The bound is 512 x 1,024 sessions, about 20 MB. Thread-safe: a lock for each of 64 parts of the
/// sessions.
/// </para>
/// </remarks>
internal sealed class VersionIssuer
{
    private const int PartCount = 64;
    private const long Margin = 1L << 32;
    private readonly HybridClock _clock;
    private readonly Part[] _parts = new Part[PartCount];
    private readonly int _perGeneration;

    public VersionIssuer(HybridClock clock)
        : this(clock, perGeneration: 4096) { }

    internal VersionIssuer(HybridClock clock, int perGeneration)
    {
        _clock = clock;
        _perGeneration = perGeneration;
        for (var i = 0; i < PartCount; i++)
        {
            _parts[i] = new Part();
        }
    }

    /// <summary>The id of this process in the versions it issues.</summary>
    public long Writer => _clock.Writer;

    /// <summary>
    /// Whether stamps are about to run out: a clock beyond the year 2255 has written to the
    /// session. It takes no more commits, and the other sessions do.
    /// </summary>
    public static bool AreStampsRunningOut(SessionVersion version) => version.Stamp > SessionVersion.MaxStamp - Margin;

    /// <summary>
    /// The copy under a new version. Its content is another state than the one that its present
    /// version was issued for, and two states never get one version.
    /// </summary>
    public SessionRecord Renew(SessionKey key, SessionRecord record)
    {
        var version = Next(key, record.Version);
        return new SessionDelta().ApplyTo(record, version);
    }

    /// <summary>Issues the version of a commit to a session.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="above">
    /// What it must be newer than: the record that is changed, or what the store has answered.
    /// </param>
    public IssuedVersion Next(SessionKey key, SessionVersion above = default)
    {
        var part = _parts[key.Stripe(PartCount)];
        lock (part)
        {
            var isKnown = part.TryFind(key, out var known);
            var least = Math.Max(Math.Max(above.Stamp, known.Floor), isKnown ? known.Issued : 0) + 1;
            var stamp = Math.Min(Math.Max(_clock.Next().Stamp, least), SessionVersion.MaxStamp);
            part.Set(key, new Entry(stamp, known.Floor), _perGeneration);
            return new IssuedVersion(
                new SessionVersion(stamp, Writer),
                Math.Min(known.Issued, stamp - 1),
                known.UnusedStamps
            );
        }
    }

    /// <summary>
    /// Takes back a version whose commit the store has refused for certain. If no other version was
    /// issued since, this one counts as never issued. Else the next one says that there is nothing
    /// under its stamp. Without this, each refusal would leave a gap in the record for good.
    /// </summary>
    /// <param name="key">Which session.</param>
    /// <param name="refused">The version.</param>
    /// <param name="isRefused">
    /// Whether the store has refused it for certain; else nothing happens.
    /// </param>
    public void Withdraw(SessionKey key, IssuedVersion refused, bool isRefused = true)
    {
        if (!isRefused || refused.PreviousStamp < 0)
        {
            return; // Not issued for this sending (a copy's own version): the stamp before it is not known.
        }

        var part = _parts[key.Stripe(PartCount)];
        lock (part)
        {
            if (!part.TryFind(key, out var known))
            {
                return;
            }

            var all = refused with { UnusedStamps = Joined(known.UnusedStamps, refused.UnusedStamps) };
            part.Set(
                key,
                known.Issued == refused.Version.Stamp
                    ? known with
                    {
                        Issued = refused.PreviousStamp,
                        UnusedStamps = all.UnusedStamps,
                    }
                    : known with
                    {
                        UnusedStamps = CommitIntervals.Of(all),
                    },
                _perGeneration
            );
        }
    }

    /// <summary>
    /// A version that another node has made: those issued from now on are newer, unless it is too
    /// far ahead (<see cref="HybridClock.Observe"/>).
    /// </summary>
    public void Observe(SessionVersion made) => _clock.Observe(made);

    /// <summary>
    /// A client has brought this version as the newest that it has seen of the session.
    /// </summary>
    public void Observe(SessionKey key, SessionVersion seen)
    {
        _clock.Observe(seen);
        if (seen.Stamp <= _clock.Last)
        {
            return;
        }

        // Further ahead than the clock follows: it counts for this session alone.
        var part = _parts[key.Stripe(PartCount)];
        lock (part)
        {
            part.TryFind(key, out var known);
            if (seen.Stamp > known.Floor)
            {
                part.Set(key, known with { Floor = seen.Stamp }, _perGeneration);
            }
        }
    }

    private static ReadOnlyMemory<byte> Joined(ReadOnlyMemory<byte> one, ReadOnlyMemory<byte> other) =>
        one.IsEmpty ? other
        : other.IsEmpty ? one
        : (byte[])[.. one.Span, .. other.Span];

    private readonly record struct Entry(long Issued, long Floor, ReadOnlyMemory<byte> UnusedStamps = default);

    private sealed class Part
    {
        private Dictionary<SessionKey, Entry> _current = [];
        private Dictionary<SessionKey, Entry> _previous = [];
        private long _newest;
        private long _newestOfPrevious;
        private long _forgotten;

        public bool TryFind(SessionKey key, out Entry entry)
        {
            if (_current.TryGetValue(key, out entry) || _previous.TryGetValue(key, out entry))
            {
                return true;
            }

            entry = new Entry(_forgotten, 0);
            return false;
        }

        public void Set(SessionKey key, Entry entry, int most)
        {
            if (_current.Count >= most && !_current.ContainsKey(key))
            {
                _forgotten = Math.Max(_forgotten, _newestOfPrevious);
                (_newestOfPrevious, _newest) = (_newest, 0);
                (_previous, _current) = (_current, _previous);
                _current.Clear();
            }

            _current[key] = entry;
            _newest = Math.Max(_newest, entry.Issued);
        }
    }
}
