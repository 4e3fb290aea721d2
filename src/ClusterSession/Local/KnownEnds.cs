using System.Collections.Concurrent;
using ClusterSession.Diagnostics;
using ClusterSession.Lifetime;
using ClusterSession.Records;
using ClusterSession.Signals;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Local;

/// <summary>
/// The ends of sessions that this node knows, made here or heard of: nothing brings such a session
/// back, whatever the store has lost.
/// </summary>
/// <remarks>
/// <code>
/// Add            an end of this node; it waits to be announced to the others
/// TryHear        an announcement of another node, or of a former process
/// Acknowledged   the store has acknowledged an end of this node again: a failover may lose it, and
///                then it is replayed
/// EndAgain       the store has a session that was ended: it is to be ended there once more
/// </code>
/// An end is remembered as long as a copy of its session can be in use: counted from when it was
/// made, for an end of this node from its last acknowledgement. Memory, measured: 80 bytes an end
/// that was heard of together with a hundred others, 300 one that was alone or made here. Past
/// <see cref="MaxCount"/> those that were to be forgotten first are forgotten early, counted and
/// warned of. Reading takes no lock. Thread-safe.
/// </remarks>
internal sealed class KnownEnds(
    HybridClock clock,
    SessionLifetime lifetime,
    TimeProvider time,
    SessionMetrics metrics,
    ILogger<KnownEnds> logger
)
{
    /// <summary>How many ends a node remembers.</summary>
    public const int MaxCount = 1_000_000;

    private readonly ConcurrentDictionary<SessionKey, Place> _places = new();
    private readonly ConcurrentQueue<(SessionKey Key, SessionEnd End)> _again = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<(long Process, long Number), EndBatch> _announced = []; // under _gate
    private readonly PriorityQueue<EndBatch, long> _order = new(); // under _gate, by until when
    private readonly Queue<EndBatch> _unannounced = []; // under _gate, one end each
    private readonly WorkSignal _work = new();
    private long _comparedAt = long.MinValue;
    private long _announcements; // under _gate
    private int _count; // under _gate
    private int _own; // under _gate: how many of them this process has made
    private bool _hasWarned; // under _gate

    /// <summary>How many ends may be remembered; less in tests.</summary>
    public int Limit { get; set; } = MaxCount;

    /// <summary>How many sessions are known to be ended.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Whether this node has ended any session lately.</summary>
    public bool HasOwn => Volatile.Read(ref _own) != 0;

    /// <summary>Whether the session is known to be ended.</summary>
    public bool Contains(SessionKey key) => Volatile.Read(ref _count) != 0 && _places.ContainsKey(key);

    /// <summary>The end of a session, and how long ago it was.</summary>
    public bool TryFind(SessionKey key, out SessionEnd end, out TimeSpan age)
    {
        (end, age) = default((SessionEnd, TimeSpan));
        if (Volatile.Read(ref _count) == 0 || !_places.TryGetValue(key, out var place))
        {
            return false;
        }

        (end, age) = (place.Batch.End(place.At), time.GetElapsedTime(place.Batch.MadeAt));
        return true;
    }

    /// <summary>Waits until there is something to announce, or to end again.</summary>
    public Task WaitForWorkAsync(CancellationToken cancellationToken) => _work.WaitAsync(cancellationToken);

    /// <summary>There may be something to announce, to read or to end again.</summary>
    public void Wake() => _work.Set();

    /// <summary>
    /// This node has ended a session: the store has acknowledged it, or the journal keeps it.
    /// </summary>
    public void Add(SessionKey key, in SessionEnd end)
    {
        lock (_gate)
        {
            if (_places.ContainsKey(key))
            {
                return; // Known already: heard of, or made here before.
            }

            var now = time.GetTimestamp();
            var batch = new EndBatch(EndBatch.Write([(key, end)]), now)
            {
                IsOwn = true,
                AcknowledgedAt = now,
                Until = now + Ticks(lifetime.KnownEndLife),
            };
            Volatile.Write(ref _own, _own + 1);
            Put(batch);
            _unannounced.Enqueue(batch);
        }

        Wake();
    }

    /// <summary>The store has acknowledged an end of this node again.</summary>
    public void Acknowledged(SessionKey key)
    {
        lock (_gate)
        {
            if (_places.TryGetValue(key, out var place) && place.Batch.IsOwn)
            {
                place.Batch.AcknowledgedAt = time.GetTimestamp();
                place.Batch.Until = place.Batch.AcknowledgedAt + Ticks(lifetime.KnownEndLife);
            }
        }
    }

    /// <summary>
    /// The ends of this node that were acknowledged after a timestamp: no snapshot, but each as it
    /// is when the enumeration comes to it.
    /// </summary>
    public IEnumerable<KeyValuePair<SessionKey, SessionEnd>> Own(long since) =>
        _places
            .Where(known => known.Value.Batch.IsOwn && known.Value.Batch.AcknowledgedAt >= since)
            .Select(static known => KeyValuePair.Create(known.Key, known.Value.Batch.End(known.Value.At)));

    /// <summary>Takes in an announcement.</summary>
    /// <param name="process">The process that made it.</param>
    /// <param name="number">Its number.</param>
    /// <param name="payload">The ends.</param>
    /// <param name="life">What is left of its life.</param>
    /// <param name="heard">The sessions that were not known to be ended; empty if it is
    /// known.</param>
    /// <returns>False if it is of another format.</returns>
    public bool TryHear(
        long process,
        long number,
        ReadOnlyMemory<byte> payload,
        TimeSpan life,
        out IReadOnlyList<SessionKey> heard
    )
    {
        heard = [];
        lock (_gate)
        {
            if (_announced.ContainsKey((process, number)))
            {
                return true;
            }

            life = life < lifetime.KnownEndLife ? life : lifetime.KnownEndLife;
            var now = time.GetTimestamp();
            if (EndBatch.TryRead(payload.ToArray(), now - Ticks(lifetime.KnownEndLife - life)) is not { } batch)
            {
                return false;
            }

            (batch.Process, batch.Number, batch.Until, batch.StoredAt) = (process, number, now + Ticks(life), now);
            _announced[(process, number)] = batch;
            heard = Put(batch);
            return true;
        }
    }

    /// <summary>
    /// Makes announcements of what waits for that: they are sent until the store has them.
    /// </summary>
    public List<EndBatch> Announce()
    {
        lock (_gate)
        {
            var announcements = new List<EndBatch>();
            while (_unannounced.Count > 0)
            {
                var together = new List<EndBatch>();
                while (together.Count < EndBatch.MaxCount && _unannounced.TryDequeue(out var one))
                {
                    together.Add(one);
                }

                var batch = together[0];
                if (together.Count > 1)
                {
                    var ends = together.SelectMany(static one => one.Keys().Select(end => (end.Key, one.End(end.At))));
                    batch = new EndBatch(EndBatch.Write([.. ends]), batch.MadeAt)
                    {
                        Until = together.Max(static one => one.Until),
                    };
                    _order.Enqueue(batch, batch.Until);
                }

                (batch.Process, batch.Number) = (clock.Writer, ++_announcements);
                _announced[(batch.Process, batch.Number)] = batch;
                announcements.Add(batch);
            }

            return announcements;
        }
    }

    /// <summary>
    /// This node has compared its ends with the store: it knows all that the others had announced
    /// at this moment, and has merged those that the store lacked.
    /// </summary>
    public void ComparedWithStore(long at) => Volatile.Write(ref _comparedAt, at);

    /// <summary>Whether the last such comparison began at this moment or later.</summary>
    public bool AreComparedWithStoreSince(long at) => Volatile.Read(ref _comparedAt) >= at;

    /// <summary>All announcements that are known, with what is left of their lives.</summary>
    public List<(EndBatch Batch, TimeSpan Life)> Announced()
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            return
            [
                .. _announced
                    .Values.Where(batch => batch.Until > now)
                    .Select(batch => (batch, time.GetElapsedTime(now, batch.Until))),
            ];
        }
    }

    /// <summary>
    /// The store has a session that is known to be ended: it is ended there again, soon.
    /// </summary>
    public void EndAgain(SessionKey key)
    {
        if (TryFind(key, out var end, out _))
        {
            _again.Enqueue((key, end));
            Wake();
        }
    }

    /// <summary>Some of what is to be ended again.</summary>
    public List<(SessionKey Key, SessionEnd End)> TakeAgain(int most)
    {
        var taken = new List<(SessionKey, SessionEnd)>();
        while (taken.Count < most && _again.TryDequeue(out var again))
        {
            taken.Add(again);
        }

        return taken;
    }

    /// <summary>Forgets the ends of which no copy can be in use any more.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            ForgetUntil(time.GetTimestamp());
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    /// <summary>Under <see cref="_gate"/>.</summary>
    private List<SessionKey> Put(EndBatch batch)
    {
        var added = new List<SessionKey>();
        foreach (var (key, at) in batch.Keys())
        {
            if (!_places.TryGetValue(key, out var known))
            {
                _places[key] = new Place(batch, at);
                Volatile.Write(ref _count, _count + 1);
                added.Add(key);
            }
            else if (!known.Batch.IsOwn && known.Batch.Until < batch.Until)
            {
                _places[key] = new Place(batch, at);
            }
        }

        _order.Enqueue(batch, batch.Until);
        ForgetUntil(time.GetTimestamp());
        return added;
    }

    /// <summary>Under <see cref="_gate"/>.</summary>
    private void ForgetUntil(long now)
    {
        while (_order.TryPeek(out var batch, out var until) && (until <= now || _count > Limit))
        {
            _order.Dequeue();
            if (until < batch.Until && _count <= Limit)
            {
                _order.Enqueue(batch, batch.Until); // Acknowledged again since.
                continue;
            }

            if (batch.Until > now)
            {
                Overflow(batch);
            }

            _announced.Remove((batch.Process, batch.Number));
            foreach (var (key, at) in batch.Keys())
            {
                if (_places.TryRemove(KeyValuePair.Create(key, new Place(batch, at))))
                {
                    Volatile.Write(ref _count, _count - 1);
                    Volatile.Write(ref _own, _own - (batch.IsOwn ? 1 : 0));
                }
            }
        }
    }

    private void Overflow(EndBatch batch)
    {
        metrics.EndsForgotten.Add(batch.Keys().Count());
        if (!_hasWarned)
        {
            _hasWarned = true;
            logger.EndsForgotten(Limit);
        }
    }

    private readonly record struct Place(EndBatch Batch, int At);
}
