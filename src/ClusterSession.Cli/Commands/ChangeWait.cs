using ClusterSession.Cli.Agents;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Commands;

/// <summary>
/// Asks until a later lease than the one before the command has an open master, or what was asked
/// for was retracted.
/// </summary>
/// <param name="group">The agents.</param>
/// <param name="terminal">Where to say that it takes long.</param>
/// <param name="member">Who is to be master; null: anybody.</param>
/// <param name="before">The cluster before the command.</param>
internal sealed class ChangeWait(AgentGroup group, Terminal terminal, string? member, ClusterStatus before)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly long _epoch = before.Lease.Epoch;
    private readonly string? _former = before.Ruler;
    private bool _wasAskedFor;

    public async Task<WaitResult> WaitAsync(long began, TimeSpan limit, CancellationToken cancellationToken)
    {
        var progress = new ProgressLine(terminal);
        var result = new WaitResult(false, null, "no agent has answered since.");
        do
        {
            var views = await group.LookAsync(cancellationToken).ConfigureAwait(false);
            if (AgentGroup.Best(views) is { } status)
            {
                result = Of(status, views);
            }

            var elapsed = terminal.Time.GetElapsedTime(began);
            if (result.IsOver || elapsed >= limit)
            {
                break;
            }

            await progress.ShowAsync(elapsed, result.State).ConfigureAwait(false);
            await Task.Delay(Pause, terminal.Time, cancellationToken).ConfigureAwait(false);
        } while (true);
        await progress.EndAsync().ConfigureAwait(false);
        return result;
    }

    private WaitResult Of(ClusterStatus status, IReadOnlyList<AgentView> views)
    {
        var facts = new ClusterFacts(status);
        var master = facts.Master?.Name;
        _wasAskedFor |= status.Switch is not null;
        var isLater = status.Lease.Epoch > _epoch;
        var isRetracted = _wasAskedFor && !isLater;
        var isOver =
            status is { Change: null, Switch: null, Lease.IsHeld: true }
            && (isLater || isRetracted)
            && master is not null
            && status.Ruler == master;
        return new WaitResult(isOver, master, ClusterVerdict.Of(status, views).Headline)
        {
            IsAsAsked = isOver && isLater && (member is null ? master != _former : master == member),
        };
    }
}
