using System.Collections.Concurrent;
using ClusterSession.Sessions;

namespace ClusterSession.Stores.InMemory;

/// <summary>What in-memory stores of one process share: the sessions of one or more nodes.</summary>
/// <remarks>Thread-safe: operations on one key are serialized by a lock on its slot.</remarks>
/// <param name="time">The clock of expiry.</param>
public sealed class InMemorySessions(TimeProvider time)
{
    private const int SweepEvery = 1024;
    private readonly ConcurrentDictionary<SessionKey, Slot> _slots = new();
    private readonly ConcurrentDictionary<string, byte[]> _shared = new();
    private readonly List<InMemorySessionStore> _stores = [];
    private int _writes;

    /// <summary>How many keys there are, tombstones and expired ones that were not swept yet included.</summary>
    public int Count => _slots.Count;

    internal ConcurrentDictionary<string, byte[]> Shared => _shared;

    /// <summary>Forgets every session, as a store that restarts empty does.</summary>
    public void Clear()
    {
        foreach (var key in _slots.Keys)
        {
            Forget(key);
        }
    }

    /// <summary>Forgets one session without a tombstone, as a store that loses it does.</summary>
    /// <param name="key">Which session.</param>
    public void Forget(SessionKey key)
    {
        if (_slots.TryRemove(key, out _))
        {
            Announce(key, null);
        }
    }

    internal void Add(InMemorySessionStore store)
    {
        lock (_stores)
        {
            _stores.Add(store);
        }
    }

    internal SessionRecord? Read(SessionKey key)
    {
        if (!_slots.TryGetValue(key, out var slot))
        {
            return null;
        }

        lock (slot)
        {
            return slot.Until > time.GetTimestamp() ? slot.Record : null;
        }
    }

    /// <summary>Lets <paramref name="change"/> see the live record and answer with the one to store, or null to leave it.</summary>
    internal T Update<T>(SessionKey key, TimeSpan life, InMemorySessionStore by, Func<SessionRecord?, (SessionRecord? Stored, T Answer)> change)
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
                var (stored, answer) = change(slot.Until > now ? slot.Record : null);
                if (stored is not null)
                {
                    slot.Record = stored;
                    slot.Until = now + (long)(life.TotalSeconds * time.TimestampFrequency);
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

    internal void AnnounceShared(string name, InMemorySessionStore by)
    {
        lock (_stores)
        {
            foreach (var store in _stores)
            {
                if (!ReferenceEquals(store, by))
                {
                    store.Observer?.OnSharedChanged(name);
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
        public SessionRecord? Record;
        public long Until;
        public bool IsRemoved;
    }
}
