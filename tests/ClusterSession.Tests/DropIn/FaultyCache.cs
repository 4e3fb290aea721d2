using Microsoft.Extensions.Caching.Distributed;

namespace ClusterSession.Tests.DropIn;

/// <summary>The cache under <c>AddSession</c>, with the same faults as our store.</summary>
internal sealed class FaultyCache(IDistributedCache inner, StoreFaults faults) : IDistributedCache
{
    public byte[]? Get(string key) => faults.NoReads ? throw new IOException("no reads") : inner.Get(key);

    public async Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        await HangAsync(token);
        return faults.NoReads ? throw new IOException("no reads") : await inner.GetAsync(key, token);
    }

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => inner.Set(key, value, options);

    public async Task SetAsync(
        string key,
        byte[] value,
        DistributedCacheEntryOptions options,
        CancellationToken token = default
    )
    {
        await HangAsync(token);
        await (faults.NoWrites ? throw new IOException("no writes") : inner.SetAsync(key, value, options, token));
    }

    public void Refresh(string key) => inner.Refresh(key);

    public async Task RefreshAsync(string key, CancellationToken token = default)
    {
        await HangAsync(token);
        await (faults.NoTouches ? throw new IOException("no touches") : inner.RefreshAsync(key, token));
    }

    public void Remove(string key) => inner.Remove(key);

    public Task RemoveAsync(string key, CancellationToken token = default) => inner.RemoveAsync(key, token);

    private Task HangAsync(CancellationToken token) =>
        faults.Hangs ? Task.Delay(Timeout.Infinite, token) : Task.CompletedTask;
}
