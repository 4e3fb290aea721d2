using System.Collections.Concurrent;
using System.Globalization;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Redis.Diagnostics;

/// <summary>
/// Logs what an outage causes ten times a second, or with each command: the first time, for each
/// other reason, and then once in ten seconds. Thread-safe.
/// </summary>
internal sealed class FailureLog(ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<RedisEndpoint, (RedisConnectFailure Reason, long At)> _last = new();
    private readonly ConcurrentDictionary<RedisErrorKind, Refusals> _refusals = new();

    /// <summary>An attempt to connect has failed.</summary>
    public void Write(RedisEndpoint endpoint, RedisConnectException failure)
    {
        if (
            failure.Failure == RedisConnectFailure.Cluster
            || (
                _last.TryGetValue(endpoint, out var last)
                && last.Reason == failure.Failure
                && time.GetElapsedTime(last.At) < Interval
            )
        )
        {
            return;
        }

        _last[endpoint] = (failure.Failure, time.GetTimestamp());
        logger.ConnectFailed(endpoint, LogSentence.Of(endpoint, failure));
    }

    /// <summary>A command was refused for good.</summary>
    public void Write(RedisServerException refusal)
    {
        var refusals = _refusals.GetOrAdd(refusal.Kind, static _ => new Refusals());
        long count;
        lock (refusals)
        {
            refusals.Count++;
            if (refusals.At is { } at && time.GetElapsedTime(at) < Interval)
            {
                return;
            }

            (count, refusals.Count, refusals.At) = (refusals.Count, 0, time.GetTimestamp());
        }

        logger.Refused(
            refusal.Kind,
            LogSentence.Of(refusal.Text),
            count == 1
                ? ""
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $" Happened {count} times since the last message of this kind."
                )
        );
    }

    /// <summary>It is connected: the next failure is written at once.</summary>
    public void Forget(RedisEndpoint endpoint) => _last.TryRemove(endpoint, out _);

    private sealed class Refusals
    {
        public long Count { get; set; }

        public long? At { get; set; }
    }
}
