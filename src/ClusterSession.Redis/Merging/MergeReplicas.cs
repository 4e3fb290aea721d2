using System.Globalization;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;

namespace ClusterSession.Redis.Merging;

/// <summary>Waits until replicas of the target have all that it has now.</summary>
/// <remarks>
/// WAIT alone does not do: it counts for the writes of its own connection. A merge that was begun
/// again may have nothing left to write, while the replicas still lack the last writes of the merge
/// before. So WAIT makes the replicas say how far they are, and their offsets are compared with the
/// target's.
/// </remarks>
internal static class MergeReplicas
{
    private static readonly TimeSpan OneWait = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits.</summary>
    /// <returns>How many have it: fewer than were wanted where the time was over.</returns>
    /// <exception cref="MergeStoppedException">The target is not responding, or
    /// refuses.</exception>
    public static async Task<int> HaveAllAsync(
        MergeLink target,
        int wanted,
        TimeSpan timeout,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var since = time.GetTimestamp();
        var goal = Offset(await InfoAsync(target).ConfigureAwait(false), "master_repl_offset:");
        while (true)
        {
            await target.AskAsync(new WaitRequest(wanted, OneWait)).ConfigureAwait(false);
            var info = await InfoAsync(target).ConfigureAwait(false);
            var have = info.Count(line =>
                line.StartsWith("slave", StringComparison.Ordinal)
                && line.Contains("state=online", StringComparison.Ordinal)
                && Offset([line], "offset=") >= goal
            );
            if (have >= wanted || time.GetElapsedTime(since) >= timeout)
            {
                return have;
            }

            await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
        }
    }

    private static async Task<string[]> InfoAsync(MergeLink target)
    {
        RedisReply info = await target.AskAsync(new RedisCommand("INFO", "replication")).ConfigureAwait(false);
        return info.AsString().Split('\n');
    }

    private static long Offset(string[] lines, string name)
    {
        foreach (var line in lines)
        {
            var at = line.IndexOf(name, StringComparison.Ordinal);
            if (at >= 0)
            {
                var digits = line[(at + name.Length)..].TakeWhile(char.IsAsciiDigit).ToArray();
                return long.TryParse(digits, CultureInfo.InvariantCulture, out var offset) ? offset : 0;
            }
        }

        return 0;
    }
}
