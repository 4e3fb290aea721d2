using System.Collections.Concurrent;
using System.Globalization;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Pipelines;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Redis.Diagnostics;

/// <summary>
/// Asks servers now and then how many keys they have evicted, and warns whenever that has grown.
/// Thread-safe.
/// </summary>
internal sealed class EvictionWatch(ILogger logger, TimeProvider time, TimeSpan interval)
{
    private readonly ConcurrentDictionary<string, long> _evicted = new(); // by run id

    /// <summary>Asks as long as the connection lives; ends where the user may not.</summary>
    public async Task WatchAsync(RedisConnection connection)
    {
        try
        {
            using var timer = new PeriodicTimer(interval, time);
            do
            {
                var reply = await connection.SendAsync(new RedisCommand("INFO", "stats")).ConfigureAwait(false);
                if (
                    !RedisHandshake.ParseInfo(reply).TryGetValue("evicted_keys", out var text)
                    || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                )
                {
                    return;
                }

                // What was evicted before anybody asked is not of this node's time.
                var before = _evicted.GetOrAdd(connection.Server.RunId, count);
                if (count > before && _evicted.TryUpdate(connection.Server.RunId, count, before))
                {
                    logger.Evicted(connection.Endpoint, count - before);
                }
            } while (!connection.IsClosed && await timer.WaitForNextTickAsync().ConfigureAwait(false));
        }
        catch (Exception failure) when (failure is RedisServerException or ConnectionException)
        {
            // Not allowed to ask, which the handshake has found out too, or the connection is gone.
        }
    }
}
