using System.Collections.Concurrent;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Transport.Diagnostics;

/// <summary>
/// Chooses which failures are logged. An outage causes failures to connect ten times a second, and
/// refusals with each request. Of an address, a failure is logged if its reason is another than
/// that of the failure logged last, or if that one was logged ten seconds ago. Of each kind of
/// refusals, the first is logged, and then one in ten seconds. Thread-safe.
/// </summary>
/// <typeparam name="TRefusal">The kinds of answers by which a server refuses a request.</typeparam>
internal sealed class FailureLog<TRefusal>(TimeProvider time)
    where TRefusal : notnull
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<ServerAddress, (ConnectFailure Reason, long At)> _last = new();
    private readonly ConcurrentDictionary<TRefusal, Refusals> _refusals = new();

    /// <summary>An attempt to connect has failed: whether that is to be written.</summary>
    public bool IsDue(ServerAddress address, ConnectFailure reason)
    {
        if (
            _last.TryGetValue(address, out var last)
            && last.Reason == reason
            && time.GetElapsedTime(last.At) < Interval
        )
        {
            return false;
        }

        _last[address] = (reason, time.GetTimestamp());
        return true;
    }

    /// <summary>
    /// A request was refused for good: how many have been since the last that was written, this one
    /// included; 0: nothing is to be written.
    /// </summary>
    public long CountDue(TRefusal kind)
    {
        var refusals = _refusals.GetOrAdd(kind, static _ => new Refusals());
        lock (refusals)
        {
            refusals.Count++;
            if (refusals.At is { } at && time.GetElapsedTime(at) < Interval)
            {
                return 0;
            }

            var count = refusals.Count;
            (refusals.Count, refusals.At) = (0, time.GetTimestamp());
            return count;
        }
    }

    /// <summary>It is connected: the next failure is written at once.</summary>
    public void Forget(ServerAddress address) => _last.TryRemove(address, out _);

    private sealed class Refusals
    {
        public long Count { get; set; }

        public long? At { get; set; }
    }
}
