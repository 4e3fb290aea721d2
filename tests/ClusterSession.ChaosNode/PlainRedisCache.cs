using System.Collections.Concurrent;
using System.Globalization;
using ClusterSession.TestKit.Servers;
using Microsoft.Extensions.Caching.Distributed;

namespace ClusterSession.ChaosNode;

/// <summary>
/// An IDistributedCache on Redis for the negative control: one SET for the whole session, one GET
/// for the whole session, as every such cache does it. Uses the kit's raw client, never the
/// product's.
/// </summary>
internal sealed class PlainRedisCache(string endpoint) : IDistributedCache
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly ConcurrentBag<RawRedisClient> _idle = [];

    public byte[]? Get(string key) => GetAsync(key).GetAwaiter().GetResult();

    public async Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        var text = await CommandAsync("GET", key);
        return text.Length == 0 ? null : Convert.FromBase64String(text);
    }

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) =>
        SetAsync(key, value, options).GetAwaiter().GetResult();

    public Task SetAsync(
        string key,
        byte[] value,
        DistributedCacheEntryOptions options,
        CancellationToken token = default
    )
    {
        var life = (long)(options.SlidingExpiration ?? TimeSpan.FromMinutes(20)).TotalMilliseconds;
        return CommandAsync(
            "SET",
            key,
            Convert.ToBase64String(value),
            "PX",
            life.ToString(CultureInfo.InvariantCulture)
        );
    }

    public void Refresh(string key) => RefreshAsync(key).GetAwaiter().GetResult();

    public Task RefreshAsync(string key, CancellationToken token = default) => CommandAsync("PEXPIRE", key, "1200000");

    public void Remove(string key) => RemoveAsync(key).GetAwaiter().GetResult();

    public Task RemoveAsync(string key, CancellationToken token = default) => CommandAsync("DEL", key);

    private async Task<string> CommandAsync(params string[] command)
    {
        var (host, port) = (endpoint.Split(':')[0], int.Parse(endpoint.Split(':')[1], CultureInfo.InvariantCulture));
        if (!_idle.TryTake(out var client))
        {
            client = await RawRedisClient.ConnectAsync(host, port, null, Timeout);
        }
        try
        {
            var reply = await client.CommandAsync(command);
            if (reply.StartsWith('-'))
            {
                throw new InvalidOperationException(reply);
            }
            _idle.Add(client);
            return reply;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }
}
