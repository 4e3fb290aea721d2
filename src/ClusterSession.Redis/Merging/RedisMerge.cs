using System.Globalization;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Redis.Requests;

namespace ClusterSession.Redis.Merging;

/// <summary>Merges what one Redis has and another one lacks into that other one.</summary>
/// <remarks>
/// <code>
/// 1 connect to both; refused if they are one process, or agents rule and the target has no lease
/// 2 count what the source has, and name what is not merged: foreign keys     (reports progress)
/// 3 documents: ends and revocations before the sessions that they are about
/// 4 sessions, batch by batch                                                 (reports after each)
/// 5 wait for replicas of the target; check that the lease is still the same
/// </code>
/// A merge stores no state of its own. Whatever interrupts it, the next merge compares anew and
/// does what is left; a merge that finds nothing to do writes nothing. Never merged: lease, epoch,
/// generation, heartbeats, the document of serving nodes.
/// </remarks>
internal static class RedisMerge
{
    /// <summary>Merges by the clock of the system.</summary>
    /// <inheritdoc cref="RunAsync(MergeSource, MergeTarget, MergeSettings,
    /// IProgress{MergeProgress}, TimeProvider, CancellationToken)"/>
    public static Task<MergeReport> RunAsync(
        MergeSource source,
        MergeTarget target,
        MergeSettings settings,
        IProgress<MergeProgress>? progress,
        CancellationToken cancellation
    ) => RunAsync(source, target, settings, progress, TimeProvider.System, cancellation);

    /// <summary>
    /// Merges; may be repeated, and comes to the same after it was interrupted anywhere.
    /// </summary>
    /// <param name="source">From where.</param>
    /// <param name="target">Into what.</param>
    /// <param name="settings">What is merged, and how fast.</param>
    /// <param name="progress">
    /// Told before anything is written, with the keys that are not merged, and after each batch.
    /// </param>
    /// <param name="time">Counts durations.</param>
    /// <param name="cancellation">
    /// Ends it after the step under way; another merge does the rest.
    /// </param>
    /// <exception cref="MergeRefusedException">It was not begun; says why.</exception>
    /// <exception cref="MergeInterruptedException">It is not complete; says why.</exception>
    /// <exception cref="OperationCanceledException">
    /// It was cancelled, and may not be complete.
    /// </exception>
    public static async Task<MergeReport> RunAsync(
        MergeSource source,
        MergeTarget target,
        MergeSettings settings,
        IProgress<MergeProgress>? progress,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var began = time.GetTimestamp();
        var keys = new RedisKeys(settings.KeyPrefix);
        var counts = new MergeCounts();
        var hasBegun = false;
        try
        {
            await using var from = await MergeLink
                .ConnectAsync(source.Connection, isTarget: false, time, cancellation)
                .ConfigureAwait(false);
            await using var into = await MergeLink
                .ConnectAsync(target.Connection, isTarget: true, time, cancellation)
                .ConfigureAwait(false);
            var tenure = await FenceAsync(from, into, target.Tenure, keys).ConfigureAwait(false);
            var survey = await MergeSurvey
                .OfAsync(from, settings.KeyPrefix, source.Connection.Database, cancellation)
                .ConfigureAwait(false);
            var ahead = await ClockAheadAsync(from, into).ConfigureAwait(false);
            counts.Note(soFar =>
                soFar with
                {
                    ForeignKeys = survey.ForeignKeys,
                    ForeignNames = survey.ForeignNames,
                    ClockAhead = ahead,
                    SourceRunId = from.Server.RunId,
                    TargetRunId = into.Server.RunId,
                    TargetEpoch = tenure?.Epoch ?? 0,
                }
            );
            Report(MergePhase.Documents);

            hasBegun = true;
            var copyLeases = new CopyLeases(TimeSpan.Zero); // Leases of copies: a merge keeps none.
            await new MergeDocuments(from, into, keys, copyLeases, settings, counts)
                .RunAsync(survey.Documents, cancellation)
                .ConfigureAwait(false);
            Report(MergePhase.Sessions);
            await new MergeSessions(from, into, keys, copyLeases, settings, counts)
                .RunAsync(
                    new MergePace(settings.RecordsPerSecond, time),
                    () => settings.Bounds?.After(time.GetElapsedTime(began)),
                    () => Report(MergePhase.Sessions),
                    cancellation
                )
                .ConfigureAwait(false);
            if (settings is { Replicas: > 0, IsDryRun: false })
            {
                Report(MergePhase.Replicas);
                var have = await MergeReplicas
                    .HaveAllAsync(into, settings.Replicas, settings.ReplicaTimeout, time, cancellation)
                    .ConfigureAwait(false);
                counts.Note(soFar => soFar with { Replicas = have });
            }

            await CheckLeaseAsync(into).ConfigureAwait(false); // If nothing was written, no script has checked it.
            Report(MergePhase.Done);
            return counts.SoFar;

            void Report(MergePhase phase)
            {
                counts.Note(soFar => soFar with { Duration = time.GetElapsedTime(began) });
                progress?.Report(new MergeProgress(phase, survey.Sessions, counts.SoFar));
            }
        }
        catch (MergeStoppedException stop) when (hasBegun)
        {
            throw new MergeInterruptedException(stop.Reason, stop.Message, counts.SoFar, stop);
        }
        catch (MergeStoppedException stop)
        {
            throw new MergeRefusedException(stop.Reason, stop.Message, stop);
        }
    }

    /// <summary>
    /// Fences the target by the tenure that the caller names, else by the one that the target's own
    /// lease record names. Null where no agent rules.
    /// </summary>
    private static async Task<Tenure?> FenceAsync(MergeLink source, MergeLink target, Tenure? named, RedisKeys keys)
    {
        if (source.Server.RunId == target.Server.RunId)
        {
            throw new MergeStoppedException(
                MergeFailure.SameServer,
                $"{source.Endpoint} and {target.Endpoint} are one process. Name two different servers."
            );
        }

        if (named is { } wanted && wanted.RunId != target.Server.RunId)
        {
            throw new MergeStoppedException(
                MergeFailure.AnotherProcess,
                $"At {target.Endpoint} is another process than the one that holds the lease."
            );
        }

        var answer = await target.AskAsync(new RedisCommand("GET"u8.ToArray(), keys.Lease)).ConfigureAwait(false);
        var shown = answer.AsString();
        if (named is null && shown.Length == 0)
        {
            return null; // No agent rules here.
        }

        if (
            named is null
            && (
                !LeaseRecord.TryParse(System.Text.Encoding.ASCII.GetBytes(shown), out var own)
                || own.RunId != target.Server.RunId
            )
        )
        {
            throw new MergeStoppedException(
                MergeFailure.Fenced,
                $"{target.Endpoint} is closed: its lease record is of another process. Merge into the present master."
            );
        }

        var tenure = named ?? Parsed(shown);
        target.Gate = new MergeGate(keys.Lease, tenure);
        await CheckLeaseAsync(target).ConfigureAwait(false);
        return tenure;
    }

    private static Tenure Parsed(string shown) =>
        LeaseRecord.TryParse(System.Text.Encoding.ASCII.GetBytes(shown), out var tenure) ? tenure : default;

    private static async Task CheckLeaseAsync(MergeLink target)
    {
        if (
            target.Gate is { } gate
            && await target.AskAsync(new LeaseHeartbeatRequest(gate)).ConfigureAwait(false) is { } reason
        )
        {
            throw new MergeStoppedException(MergeFailure.Fenced, $"{target.Endpoint} does not rule: {reason}.");
        }
    }

    private static async Task<TimeSpan> ClockAheadAsync(MergeLink source, MergeLink target)
    {
        var one = await TimeOfAsync(source).ConfigureAwait(false);
        return one - await TimeOfAsync(target).ConfigureAwait(false);
    }

    private static async Task<TimeSpan> TimeOfAsync(MergeLink link)
    {
        var now = await link.AskAsync(new RedisCommand("TIME")).ConfigureAwait(false);
        return TimeSpan.FromSeconds(long.Parse(now[0].AsString(), CultureInfo.InvariantCulture))
            + TimeSpan.FromMicroseconds(long.Parse(now[1].AsString(), CultureInfo.InvariantCulture));
    }
}
