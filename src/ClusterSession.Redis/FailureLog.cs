using System.Collections.Concurrent;
using ClusterSession.Redis.Connection;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Redis;

/// <summary>Logs failed attempts to connect: the first, each other reason, and then one in ten seconds; an outage makes ten attempts a second. Thread-safe.</summary>
internal sealed class FailureLog(ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<RedisEndpoint, (RedisConnectFailure Reason, long At)> _last = new();

    /// <summary>An attempt has failed.</summary>
    public void Write(RedisEndpoint endpoint, RedisConnectException failure)
    {
        if (failure.Failure == RedisConnectFailure.Cluster
            || (_last.TryGetValue(endpoint, out var last) && last.Reason == failure.Failure && time.GetElapsedTime(last.At) < Interval))
        {
            return;
        }

        _last[endpoint] = (failure.Failure, time.GetTimestamp());
        logger.ConnectFailed(endpoint, failure.Message);
    }

    /// <summary>It is connected: the next failure is news.</summary>
    public void Forget(RedisEndpoint endpoint) => _last.TryRemove(endpoint, out _);
}
