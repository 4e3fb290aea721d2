namespace ClusterSession.Tests.Stores.ThirdParty;

/// <summary>
/// A server that compares and swaps bytes under keys, and forgets them after their life.
/// </summary>
internal sealed class CasServer(TimeProvider time)
{
    private readonly Dictionary<string, (byte[] Value, long Version, TimeSpan Until)> _items = [];
    private readonly Lock _lock = new();
    private readonly long _started = time.GetTimestamp();
    private long _version;

    private TimeSpan Now => time.GetElapsedTime(_started);

    /// <summary>
    /// What is under a key; without a value, and under version 0, if there is nothing.
    /// </summary>
    public async ValueTask<CasItem> GetAsync(string key)
    {
        await Task.Yield(); // As a network would: others come between a reading and what follows it.
        lock (_lock)
        {
            return Find(key);
        }
    }

    /// <summary>
    /// Stores a value in the place of the version that was read; false if that has gone.
    /// </summary>
    public async ValueTask<bool> PutAsync(string key, byte[] value, long version, TimeSpan life)
    {
        await Task.Yield();
        lock (_lock)
        {
            var now = Now;
            if (Find(key).Version != version)
            {
                return false;
            }

            _items[key] = (value, ++_version, life < TimeSpan.MaxValue - now ? now + life : TimeSpan.MaxValue);
            return true;
        }
    }

    private CasItem Find(string key)
    {
        var now = Now;
        return _items.TryGetValue(key, out var item) && item.Until > now
            ? new CasItem(item.Value, item.Version, PlainDocument.LeftUntil(item.Until, now), now)
            : new CasItem(null, 0, TimeSpan.Zero, now);
    }
}
