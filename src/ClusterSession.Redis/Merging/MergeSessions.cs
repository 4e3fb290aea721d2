using System.Security.Cryptography;
using ClusterSession.Records;
using ClusterSession.Redis.Requests;
using ClusterSession.Redis.Scripts;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Merging;

/// <summary>
/// Merges sessions: compares the headers of all, and reads whole only what the target may lack.
/// </summary>
/// <remarks>
/// <code><![CDATA[
/// source                      merge                                target
///   |<---- merge-scan.lua ------|                                    |
///   |----- headers, lives ----->|-------- merge-headers.lua --------->|
///   |                           |<------- headers, lives, time ------|
///   |                       MergePlan
///   |<---- read.lua ------------|  (what the target may lack)         |
///   |----- record ------------->|-------- merge.lua, destroy.lua --->|
/// ]]></code>
/// Each write is one of the scripts that nodes use too: it reads what is stored at that moment, so
/// that clients may change the session meanwhile.
/// </remarks>
internal sealed class MergeSessions(
    MergeLink source,
    MergeLink target,
    RedisKeys keys,
    CopyLeases leases,
    MergeSettings settings,
    MergeCounts counts
)
{
    /// <summary>
    /// The scripts that read so many headers hold their server for a fraction of a millisecond.
    /// </summary>
    private const int HeadersAtOnce = 256;

    private const int MaxAtOnce = 64;
    private const int FirstAtOnce = 8;
    private const int MaxAttempts = 8;

    /// <summary>
    /// How many stamps below the greatest possible one a merge does not use: they are left for
    /// later commits of the session.
    /// </summary>
    private const long Margin = 1L << 32;

    /// <summary>
    /// For a write that is to prolong nothing: shorter than any life that is left.
    /// </summary>
    private static readonly TimeSpan NoLife = TimeSpan.FromMilliseconds(-1);

    // A random writer id, so that the versions of merged records are nobody else's.
    private readonly long _writer =
        (BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))) & SessionVersion.MaxWriter) | 1;

    private readonly TargetHeaders _headers = new(target, keys);
    private int _atOnce = FirstAtOnce;

    /// <summary>Merges all sessions.</summary>
    /// <param name="pace">Holds it to its rate.</param>
    /// <param name="bounds">How long the source has been away, and what is too old by that.</param>
    /// <param name="afterBatch">Called after each batch.</param>
    /// <param name="cancellation">Ends it after the step under way.</param>
    /// <exception cref="MergeStoppedException">The merge cannot go on.</exception>
    public async Task RunAsync(
        MergePace pace,
        Func<MergeBounds?> bounds,
        Action afterBatch,
        CancellationToken cancellation
    )
    {
        byte[] cursor = [(byte)'0'];
        ScanRequest.Page page;
        do
        {
            cancellation.ThrowIfCancellationRequested();
            page = await source.AskAsync(new ScanRequest(keys, cursor, HeadersAtOnce)).ConfigureAwait(false);
            cursor = page.Next;
            var before = counts.SoFar.Written;
            if (page.Sessions.Count > 0)
            {
                await CompareAsync(page.Sessions, bounds, cancellation).ConfigureAwait(false);
                afterBatch();
            }

            await pace.AfterAsync(page.Sessions.Count, counts.SoFar.Written - before, cancellation)
                .ConfigureAwait(false);
        } while (!page.IsLast);
    }

    private async Task CompareAsync(
        IReadOnlyList<ScanRequest.Found> sessions,
        Func<MergeBounds?> bounds,
        CancellationToken cancellation
    )
    {
        var (now, there) = await _headers.ReadAsync(sessions).ConfigureAwait(false);
        var due = new List<Due>();
        for (var i = 0; i < sessions.Count; i++)
        {
            // Where the target has rotated the id, `has` is the session under the next one.
            var (session, has) = (sessions[i], there[i]);
            var step =
                has.Key == session.Key
                    ? MergePlan.Decide(session.Entry, has.Entry, now, bounds())
                    : MergePlan.DecideRotated(session.Entry, has.Entry, now, bounds());
            if (
                settings.IsDryRun
                || step.Action
                    is not (MergeAction.Merge or MergeAction.Create or MergeAction.End or MergeAction.Prolong)
            )
            {
                counts.Add(step.Action);
            }
            else
            {
                due.Add(new Due(session, has.Key, has.Entry?.Header?.Version ?? SessionVersion.None, step));
            }
        }

        for (var at = 0; at < due.Count; )
        {
            cancellation.ThrowIfCancellationRequested();
            var some = due.GetRange(at, Math.Min(_atOnce, due.Count - at));
            at += some.Count;
            // Each is awaited, also where one fails: nothing is written after the merge has ended.
            var done = await Task.WhenAll(some.Select(DoAsync)).ConfigureAwait(false);
            foreach (var (action, bytes) in done)
            {
                counts.Add(action, bytes);
            }

            var largest = Math.Max(1, done.Max(static one => one.Bytes));
            _atOnce = (int)Math.Clamp(settings.BytesInFlight / largest, 1, Math.Min(MaxAtOnce, _atOnce * 2));
        }
    }

    private Task<(MergeAction Action, long Bytes)> DoAsync(Due due) =>
        due.Step.Action switch
        {
            MergeAction.End => EndAsync(due),
            MergeAction.Prolong => ProlongAsync(due),
            _ => MergeAsync(due),
        };

    private async Task<(MergeAction Action, long Bytes)> EndAsync(Due due)
    {
        var end = new SessionEnd(due.Session.Entry.Header!.Version, due.Session.Entry.Successor);
        var answer = await target
            .SendAsync(new DestroyRequest(keys, due.Session.Key, end, due.Step.Life, leases))
            .ConfigureAwait(false);
        return (
            answer switch
            {
                { Outcome: WriteOutcome.Committed, HasChanged: true } => MergeAction.End,
                { Outcome: WriteOutcome.Committed or WriteOutcome.Destroyed } => MergeAction.Same,
                _ => MergeAction.LeftOut,
            },
            0
        );
    }

    private async Task<(MergeAction Action, long Bytes)> ProlongAsync(Due due)
    {
        var life = due.Step.Life;
        var answer = await target.SendAsync(new TouchRequest(keys, due.Session.Key, life, life)).ConfigureAwait(false);
        return (
            answer.Outcome switch
            {
                StoreTouchOutcome.Touched => MergeAction.Prolong,
                StoreTouchOutcome.Kept => MergeAction.Same,
                StoreTouchOutcome.Destroyed => MergeAction.SkipEnded,
                StoreTouchOutcome.Missing => MergeAction.SkipExpired,
                _ => MergeAction.LeftOut,
            },
            0
        );
    }

    private async Task<(MergeAction Action, long Bytes)> MergeAsync(Due due)
    {
        var read = await source
            .SendAsync(new ReadRequest(keys, due.Session.Key, SessionVersion.None, leases))
            .ConfigureAwait(false);
        if (read.Record is not { } record)
        {
            // Gone since the comparison. If the source is still in use, the next merge finds what
            // has become of it.
            return (
                read.Outcome switch
                {
                    StoreReadOutcome.Missing => MergeAction.SkipExpired,
                    StoreReadOutcome.Destroyed => MergeAction.SkipEnded,
                    _ => MergeAction.LeftOut,
                },
                0
            );
        }

        var (key, life, successors) = (due.Target, due.Step.Life, 0);
        var above = due.AtTarget > record.Version ? due.AtTarget : record.Version;
        for (var attempt = 1; attempt <= MaxAttempts && above.Stamp < SessionVersion.MaxStamp - Margin; attempt++)
        {
            // Just above both versions. No clock is asked: if this host's clock is ahead, later
            // commits need not be later than it.
            var copy = new SessionMerge(
                record,
                new SessionVersion(above.Stamp + 1, _writer),
                MergeMode.Restore,
                life > TimeSpan.Zero ? life : NoLife,
                PreviousStamp: 0 // This writer commits nothing else to the session.
            );
            var answer = await target
                .SendAsync(new MergeRequest(keys, key, copy, leases, target.MaxReplyBytes))
                .ConfigureAwait(false);
            switch (answer.Outcome)
            {
                case WriteOutcome.Superseded:
                    above = answer.Previous;
                    continue;
                case WriteOutcome.Committed:
                    return (answer.Previous.IsNone ? MergeAction.Create : MergeAction.Merge, record.Size);
                case WriteOutcome.Destroyed
                    when successors++ < TargetHeaders.MaxSuccessors
                        && TargetHeaders.GoesOn(record.Version, answer.Previous, answer.Successor):
                    // A client has rotated it since the comparison.
                    (key, life) = (answer.Successor!.Key, TimeSpan.Zero);
                    continue;
                case WriteOutcome.Destroyed:
                case WriteOutcome.Unchanged or WriteOutcome.Missing when key != due.Session.Key:
                    return (MergeAction.SkipEnded, record.Size);
                case WriteOutcome.Unchanged:
                    return (MergeAction.Same, record.Size);
                case WriteOutcome.Missing:
                    return (MergeAction.SkipExpired, record.Size);
                default:
                    return (MergeAction.LeftOut, record.Size);
            }
        }

        return (MergeAction.LeftOut, record.Size);
    }

    /// <summary>What is to be done about one session.</summary>
    /// <param name="Session">What the source has.</param>
    /// <param name="Target">Under which key the target has it.</param>
    /// <param name="AtTarget">The version that the target has.</param>
    /// <param name="Step">What.</param>
    private readonly record struct Due(
        ScanRequest.Found Session,
        SessionKey Target,
        SessionVersion AtTarget,
        MergeStep Step
    );
}
