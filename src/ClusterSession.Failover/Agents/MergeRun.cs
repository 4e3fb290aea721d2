using System.Globalization;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Agents;

/// <summary>
/// The merge of the own Redis' data into the master. It runs beside the agent's loop, which looks,
/// decides and answers meanwhile. A command that comes with each look begins it. It ends by itself,
/// or is cancelled where it is outdated or the agent stops.
/// </summary>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
/// <param name="links">The Redis.</param>
internal sealed class MergeRun(FailoverTimings timings, AgentLinks links)
{
    private const int MaxDoublings = 4;
    private const string Stopped =
        "It was stopped: the agent stops, nobody rules, the master is another process or has another lease, this Redis "
        + "is another process, this member was forgotten, or the cluster is in maintenance.";
    private MergeSight? _sight;
    private Task _run = Task.CompletedTask;
    private CancellationTokenSource? _ending;
    private long _failedAt;
    private int _failures;

    /// <summary>What it does, or has done; null: nothing. Thread-safe.</summary>
    public MergeSight? Sight => Volatile.Read(ref _sight);

    /// <summary>Begins it, unless it is under way, done, or has failed a moment ago.</summary>
    public void Begin(ClusterView view, RedisAction.Merge command)
    {
        var what = new MergedData(command.Tenure.RunId, command.Tenure.Epoch, view.Own.RunId);
        var isSame = Sight?.What == what;
        var pause = timings.MergePause * (1 << Math.Clamp(_failures - 1, 0, MaxDoublings));
        if (
            !_run.IsCompleted
            || (
                isSame
                && (Sight!.State != MergeState.Failed || links.Coordinator.Clock.GetElapsedTime(_failedAt) < pause)
            )
        )
        {
            return;
        }

        _failures = isSame ? _failures : 0;
        var since = view.Document.Ledger.First(line => line.Member == view.Self).Since;
        var replicas = view
            .Document.Present()
            .Count(member =>
                member.Name != view.Self
                && view.Of(member.Name).Redis is { IsReachable: true, IsLinkUp: true } redis
                && redis.Follows == command.Tenure
            );
        _ending?.Dispose();
        _ending = new CancellationTokenSource();
        var sight = new MergeSight(command.Master, what, MergeState.Running);
        Show(sight);
        _run = RunAsync(
            sight,
            view.Document.Find(command.Master)!,
            command,
            new MergeTerms(since, replicas),
            _ending.Token
        );
    }

    /// <summary>
    /// Ends the merge in maintenance, or where the ruler, the own Redis or the membership is no
    /// longer the one that the merge began with.
    /// </summary>
    public void CancelIfOutdated(ClusterView view)
    {
        if (
            !_run.IsCompleted
            && Sight is { What: var what }
            && (
                view.Document.Maintenance
                || (view.Own.IsReachable && view.Own.RunId != what.Source)
                || view.Document.Ruler is not { } ruler
                || (ruler.RunId, ruler.Epoch) != (what.Target, what.Epoch)
                || view.Document.Find(view.Self) is null
            )
        )
        {
            _ending?.Cancel();
        }
    }

    /// <summary>Ends it, and waits for its end.</summary>
    public async Task EndAsync()
    {
        _ending?.Cancel();
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending?.Dispose();
        _ending = null;
    }

    private async Task RunAsync(
        MergeSight sight,
        ClusterMember target,
        RedisAction.Merge command,
        MergeTerms terms,
        CancellationToken cancellation
    )
    {
        try
        {
            var outcome = await links
                .Redis.MergeAsync(
                    target,
                    command.Tenure,
                    terms,
                    new Counter(counts => Show(sight with { Counts = counts })),
                    cancellation
                )
                .ConfigureAwait(false);
            if (outcome is not MergeOutcome.Merged merged)
            {
                Fail(sight, ((MergeOutcome.Failed)outcome).Why);
                return;
            }

            sight = sight with { Counts = merged.Counts };
            Show(sight);
            var whyNotAside = await SetAsideAsync(command.Tenure.Epoch, cancellation).ConfigureAwait(false);
            sight = sight with { NotSetAside = whyNotAside };
            if (whyNotAside is not null && !timings.FollowsWithoutCopy && WhyCopyIsNeeded(merged) is { } why)
            {
                Fail(sight, why);
                return;
            }

            _failures = 0;
            Show(sight with { State = MergeState.Merged });
        }
        catch (OperationCanceledException)
        {
            Fail(sight, Stopped);
        }
        catch (Exception e) // Whatever it is, the merge begins again, and says why it has to.
        {
            Fail(sight, e.Message);
        }
    }

    /// <summary>What a copy of the files would save; null: nothing.</summary>
    private static string? WhyCopyIsNeeded(MergeOutcome.Merged merged) =>
        merged.Counts.NotMerged > 0
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{merged.Counts.NotMerged} keys are only in this member's Redis (of other applications, damaged, or "
                    + $"not taken by the master), and the files of this Redis could not be copied aside."
            )
        : merged.Confirmed == 0
            ? "No replica of the master has confirmed the merge, and the files of this member's Redis could not be "
                + "copied aside."
        : null;

    /// <summary>
    /// Copies the files aside. Returns why that was not possible; null: it was possible.
    /// </summary>
    private async Task<string?> SetAsideAsync(long epoch, CancellationToken cancellation)
    {
        try
        {
            await links.Redis.SetAsideAsync(epoch, cancellation).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (e is IOException or TimeoutException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    private void Fail(MergeSight sight, string why)
    {
        (_failedAt, _failures) = (links.Coordinator.Clock.GetTimestamp(), _failures + 1);
        Show(sight with { State = MergeState.Failed, Why = why, Counts = Sight?.Counts ?? sight.Counts });
    }

    private void Show(MergeSight sight) => Volatile.Write(ref _sight, sight);

    private sealed class Counter(Action<MemberMergeCounts> count) : IProgress<MemberMergeCounts>
    {
        public void Report(MemberMergeCounts value) => count(value);
    }
}
