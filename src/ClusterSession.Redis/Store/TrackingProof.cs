using System.Globalization;
using System.Security.Cryptography;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Requests;

namespace ClusterSession.Redis.Store;

/// <summary>
/// Has each connection prove that its server pushes what changes, once, when it is made. Until it
/// has, and where it never does, no copy is used without asking. Thread-safe.
/// </summary>
internal sealed class TrackingProof(RedisKeys keys, TimeProvider time)
{
    private const int MaxTooEarly = 10;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    // Of its own, whatever seeds the node's randomness: nobody else may write the key.
    private readonly string _node = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(sizeof(long)));

    /// <summary>
    /// Tries until it is known whether the server tracks, or the connection is gone. The first
    /// commands are sent before this returns, so that their answers come before those of all that
    /// is sent later.
    /// </summary>
    /// <param name="connection">The connection, of a server that says that it tracks.</param>
    /// <param name="changed">Called whenever something was found out.</param>
    public async Task ProveAsync(RedisConnection connection, Action<RedisConnection> changed)
    {
        var (pause, early) = (FirstPause, 0);
        while (!connection.IsClosed)
        {
            var outcome = await AttemptAsync(connection).ConfigureAwait(false);
            early += outcome == TrackingOutcome.TooEarly ? 1 : 0;
            if (outcome == TrackingOutcome.Failed)
            {
                connection.Untracked =
                    "it says OK to CLIENT TRACKING, but did not push, once, what this connection "
                    + "itself has written.";
            }
            else if (early == MaxTooEarly)
            {
                connection.Untracked = "it pushes what it tracks before it has changed.";
            }

            changed(connection);
            if (outcome == TrackingOutcome.Proved || connection.Untracked is not null)
            {
                return;
            }

            await Task.Delay(pause, time).ConfigureAwait(false);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private ValueTask<TrackingOutcome> AttemptAsync(RedisConnection connection)
    {
        var tag = connection.Ruler is { } ruler ? ruler.TagOf(connection) : "0";
        return tag is null
            ? new(TrackingOutcome.NotYet)
            : new TrackingProbe(
                keys.Probe(tag, string.Create(CultureInfo.InvariantCulture, $"{_node}-{connection.Epoch}"))
            ).RunAsync(connection);
    }
}
