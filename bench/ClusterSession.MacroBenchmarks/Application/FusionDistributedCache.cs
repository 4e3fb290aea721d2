using Microsoft.Extensions.Caching.Distributed;
using ZiggyCreatures.Caching.Fusion;

namespace ClusterSession.MacroBenchmarks.Application;

/// <summary>
/// FusionCache as the cache under AddSession: copies in memory, Redis behind them, and a backplane
/// that tells other nodes. FusionCache has no <see cref="IDistributedCache"/> of its own to offer,
/// so a team that wants it there writes this.
/// </summary>
/// <remarks>
/// FusionCache knows no sliding expiry. A refresh does nothing here: the session ends one idle
/// timeout after its last write, however often it is read. That is less than AddSession promises,
/// and in the peer's favour: a read costs Redis nothing.
/// </remarks>
internal sealed class FusionDistributedCache(IFusionCache cache) : IDistributedCache
{
    public async Task<byte[]?> GetAsync(string key, CancellationToken token = default) =>
        await cache.GetOrDefaultAsync<byte[]?>(key, token: token);

    public Task RefreshAsync(string key, CancellationToken token = default) => Task.CompletedTask;

    public async Task SetAsync(
        string key,
        byte[] value,
        DistributedCacheEntryOptions options,
        CancellationToken token = default
    ) => await cache.SetAsync(key, value, options.SlidingExpiration ?? TimeSpan.FromMinutes(20), token: token);

    public async Task RemoveAsync(string key, CancellationToken token = default) =>
        await cache.RemoveAsync(key, token: token);

    public byte[]? Get(string key) => cache.GetOrDefault<byte[]?>(key);

    public void Refresh(string key)
    {
        // See the remarks.
    }

    public void Remove(string key) => cache.Remove(key);

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) =>
        cache.Set(key, value, options.SlidingExpiration ?? TimeSpan.FromMinutes(20));
}
