using System.Text;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Topology.Standalone;
using Microsoft.Extensions.Caching.Distributed;

namespace ClusterSession.MacroBenchmarks.Application;

/// <summary>
/// What AddSession needs of a distributed cache, command for command as Microsoft's RedisCache does
/// it, over this project's own client: what is left between it and ClusterSession is the session
/// manager's doing, and between it and RedisCache the client's.
/// </summary>
/// <remarks>
/// <code>
/// get       HMGET key absexp sldexp data, then EXPIRE
/// refresh   HMGET key absexp sldexp, then EXPIRE
/// set       HMSET key absexp sldexp data and EXPIRE, in one batch
/// </code>
/// The synchronous members are not there: nothing measured here may block a thread.
/// </remarks>
internal sealed class RedisDistributedCache : IDistributedCache, IAsyncDisposable
{
    private readonly StandaloneTopology _topology;

    public RedisDistributedCache(string connectionString)
    {
        _topology = new StandaloneTopology(
            RedisOptions.Parse(connectionString),
            TimeProvider.System,
            new Random(),
            null,
            null
        );
        _topology.Start();
    }

    // DistributedSession of one process always gives the same sliding expiry.
    private long _slidingSeconds = 20 * 60;

    public async Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        var utf8 = Encoding.UTF8.GetBytes(key);
        var connection = await _topology.GetConnectionAsync(utf8, token);
        var (exists, data) = await connection.SendAsync(new HashGetRequest(utf8, withData: true));
        if (exists)
        {
            await connection.SendAsync(new ExpireRequest(utf8, _slidingSeconds));
        }

        return data;
    }

    public async Task RefreshAsync(string key, CancellationToken token = default)
    {
        var utf8 = Encoding.UTF8.GetBytes(key);
        var connection = await _topology.GetConnectionAsync(utf8, token);
        var (exists, _) = await connection.SendAsync(new HashGetRequest(utf8, withData: false));
        if (exists)
        {
            await connection.SendAsync(new ExpireRequest(utf8, _slidingSeconds));
        }
    }

    public async Task SetAsync(
        string key,
        byte[] value,
        DistributedCacheEntryOptions options,
        CancellationToken token = default
    )
    {
        var utf8 = Encoding.UTF8.GetBytes(key);
        _slidingSeconds = (long)(options.SlidingExpiration ?? TimeSpan.FromMinutes(20)).TotalSeconds;
        var connection = await _topology.GetConnectionAsync(utf8, token);
        var set = connection.SendAsync(new HashSetRequest(utf8, _slidingSeconds, value));
        var expire = connection.SendAsync(new ExpireRequest(utf8, _slidingSeconds));
        await set;
        await expire;
    }

    public async Task RemoveAsync(string key, CancellationToken token = default)
    {
        var utf8 = Encoding.UTF8.GetBytes(key);
        var connection = await _topology.GetConnectionAsync(utf8, token);
        await connection.SendAsync(new DeleteRequest(utf8));
    }

    public byte[]? Get(string key) => throw Blocking();

    public void Refresh(string key) => throw Blocking();

    public void Remove(string key) => throw Blocking();

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => throw Blocking();

    public ValueTask DisposeAsync() => _topology.DisposeAsync();

    private static NotSupportedException Blocking() =>
        new("An endpoint of the benchmark reads its session synchronously; call LoadAsync first.");
}
