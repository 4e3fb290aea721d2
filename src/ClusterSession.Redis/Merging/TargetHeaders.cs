using ClusterSession.Records;
using ClusterSession.Redis.Requests;

namespace ClusterSession.Redis.Merging;

/// <summary>
/// Reads what the target has of sessions of the source: where it has rotated an id, what it has
/// under the next one.
/// </summary>
/// <remarks>
/// What the source had taken before the rotation belongs to the session, whatever its id is by now.
/// The rule is the one of a node's replay: nothing goes to another person's session, and nothing
/// that is newer than the end.
/// </remarks>
internal sealed class TargetHeaders(MergeLink target, RedisKeys keys)
{
    /// <summary>How often an id may have been rotated; a node follows as many.</summary>
    public const int MaxSuccessors = 4;

    /// <summary>Reads them.</summary>
    /// <exception cref="MergeStoppedException">The merge cannot go on.</exception>
    public async Task<(DateTimeOffset Now, There[] Found)> ReadAsync(IReadOnlyList<ScanRequest.Found> sessions)
    {
        var (now, entries) = await AskAsync([.. sessions.Select(static one => one.Key)]).ConfigureAwait(false);
        var found = entries.Select((entry, i) => new There(sessions[i].Key, entry)).ToArray();
        for (var left = MaxSuccessors; left > 0; left--)
        {
            int[] rotated =
            [
                .. Enumerable.Range(0, found.Length).Where(i => GoesOn(sessions[i].Entry, found[i].Entry)),
            ];
            if (rotated.Length == 0)
            {
                break;
            }

            SessionKey[] next = [.. rotated.Select(i => found[i].Entry!.Value.Successor!.Key)];
            (now, entries) = await AskAsync(next).ConfigureAwait(false);
            foreach (var (i, n) in rotated.Select(static (i, n) => (i, n)))
            {
                found[i] = new There(next[n], entries[n]);
            }
        }

        return (now, found);
    }

    /// <summary>Whether what a record has goes to the successor of what has ended.</summary>
    public static bool GoesOn(SessionVersion record, SessionVersion end, SessionSuccessor? successor) =>
        successor is { IsOthers: false } && record < end;

    private static bool GoesOn(in MergeEntry source, in MergeEntry? there) =>
        source.Header is { IsDestroyed: false } mine
        && there is { Header: { IsDestroyed: true } end, Successor: var successor }
        && GoesOn(mine.Version, end.Version, successor);

    private Task<(DateTimeOffset Now, MergeEntry?[] Entries)> AskAsync(SessionKey[] sessions) =>
        target.AskAsync(new HeadersRequest(keys, sessions));

    /// <summary>What the target has.</summary>
    /// <param name="Key">Under which key; not the source's where the id was rotated.</param>
    /// <param name="Entry">Its header; null: nothing.</param>
    internal readonly record struct There(SessionKey Key, MergeEntry? Entry);
}
