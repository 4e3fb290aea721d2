namespace ClusterSession.Stores.Outage;

/// <summary>
/// What is kept of each partition of a store. It grows with the numbers that are asked for, and
/// reading it takes no lock. Thread-safe.
/// </summary>
internal sealed class PartitionTable<T>(Func<T> create)
    where T : class
{
    private readonly Lock _gate = new();
    private T[] _entries = [create()];

    /// <summary>The entry of a partition, which is made when it is first asked for.</summary>
    public T Of(int partition)
    {
        var entries = Volatile.Read(ref _entries);
        return partition < entries.Length ? entries[partition] : Grow(partition);
    }

    /// <summary>All entries that were made.</summary>
    public ReadOnlySpan<T> All => Volatile.Read(ref _entries);

    private T Grow(int partition)
    {
        lock (_gate)
        {
            var entries = _entries;
            if (partition >= entries.Length)
            {
                var known = entries.Length;
                Array.Resize(ref entries, partition + 1);
                for (var i = known; i < entries.Length; i++)
                {
                    entries[i] = create();
                }

                Volatile.Write(ref _entries, entries);
            }

            return entries[partition];
        }
    }
}
