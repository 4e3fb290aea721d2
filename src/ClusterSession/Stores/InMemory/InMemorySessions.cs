using System.Collections.Concurrent;
using ClusterSession.Records;

namespace ClusterSession.Stores.InMemory;

/// <summary>
/// What in-memory stores of one process share: the sessions of one or more nodes.
/// </summary>
/// <remarks>Thread-safe: operations on one key are serialized by a lock on its slot.</remarks>
/// <param name="time">The clock of expiry.</param>
public sealed class InMemorySessions(TimeProvider time)
{
    private const int SweepEvery = 1024;
    private readonly ConcurrentDictionary<SessionKey, Slot> _slots = new();
    private readonly List<InMemorySessionStore> _stores = [];
    private int _writes;

    /// <summary>
    /// How many keys there are, tombstones and expired ones that were not swept yet included.
    /// </summary>
    internal int Count => _slots.Count;

    internal IEnumerable<SessionKey> Keys => _slots.Select(static slot => slot.Key);

    internal ConcurrentDictionary<InMemoryChannel, bool> Channels { get; } = new();

    /// <summary>Forgets every session, as a store that restarts empty does.</summary>
    internal void Clear()
    {
        foreach (var key in _slots.Keys)
        {
            Forget(key);
        }
    }

    /// <summary>Forgets one session without a tombstone, as a store that loses it does.</summary>
    /// <param name="key">Which session.</param>
    internal void Forget(SessionKey key)
    {
        if (_slots.TryRemove(key, out _))
        {
            Announce(key, null);
        }
    }

    internal InMemoryDocuments Documents { get; } = new(time);

    /// <summary>Forgets a document, as a store that loses it does.</summary>
    internal void ForgetDocument(string name)
    {
        Documents.Forget(name);
        AnnounceDocument(name, null);
    }

    internal void Add(InMemorySessionStore store)
    {
        lock (_stores)
        {
            if (!_stores.Contains(store))
            {
                _stores.Add(store);
            }
        }
    }

    internal void Remove(InMemorySessionStore store)
    {
        lock (_stores)
        {
            _stores.Remove(store);
        }
    }

    internal (StoredSession? Stored, TimeSpan RemainingLife) Read(SessionKey key)
    {
        if (!_slots.TryGetValue(key, out var slot))
        {
            return default;
        }

        lock (slot)
        {
            var now = time.GetTimestamp();
            return slot.Until > now ? (slot.Stored, time.GetElapsedTime(now, slot.Until)) : default;
        }
    }

    /// <summary>Lets <paramref name="change"/> see the live record, and whether too little of its
    /// life is left, and answer with the one to store, or null to leave it.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="life">How long it lives from now on; a tombstone takes the place of a record
    /// with a life of its own.</param>
    /// <param name="leastLife">Where that much is left, it is not prolonged, and a record that
    /// stays the same is left alone.</param>
    /// <param name="by">The store of the node that changes it.</param>
    /// <param name="change">The change.</param>
    internal T Update<T>(
        SessionKey key,
        TimeSpan life,
        TimeSpan leastLife,
        InMemorySessionStore by,
        Func<StoredSession?, bool, (StoredSession? Stored, T Answer)> change
    )
    {
        SweepNowAndThen();
        while (true)
        {
            var slot = _slots.GetOrAdd(key, static _ => new Slot());
            lock (slot)
            {
                if (slot.IsRemoved)
                {
                    continue;
                }

                var now = time.GetTimestamp();
                var before = slot.Until > now ? slot.Stored : null;
                var isProlonged = before is null || time.GetElapsedTime(now, slot.Until) < leastLife;
                var (stored, answer) = change(before, isProlonged);
                if (stored is not null && (isProlonged || !ReferenceEquals(stored, before)))
                {
                    slot.Stored = stored;
                    slot.Until = isProlonged ? now + (long)(life.TotalSeconds * time.TimestampFrequency) : slot.Until;
                    Announce(key, by);
                }

                return answer;
            }
        }
    }

    private void Announce(SessionKey key, InMemorySessionStore? by)
    {
        lock (_stores)
        {
            foreach (var store in _stores)
            {
                if (!ReferenceEquals(store, by))
                {
                    store.Observer?.OnChanged(key);
                }
            }
        }
    }

    internal void AnnounceDocument(string name, InMemorySessionStore? by)
    {
        lock (_stores)
        {
            foreach (var store in _stores)
            {
                if (!ReferenceEquals(store, by))
                {
                    store.Observer?.OnDocumentChanged(name);
                }
            }
        }
    }

    private void SweepNowAndThen()
    {
        if (Interlocked.Increment(ref _writes) % SweepEvery != 0)
        {
            return;
        }

        var now = time.GetTimestamp();
        foreach (var (key, slot) in _slots)
        {
            lock (slot)
            {
                if (slot.Until <= now)
                {
                    slot.IsRemoved = true;
                    _slots.TryRemove(key, out _);
                }
            }
        }
    }

    private sealed class Slot
    {
        public StoredSession? Stored;
        public long Until;
        public bool IsRemoved;
    }
}
