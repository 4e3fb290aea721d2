using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Operating;

/// <summary>What an agent decides, as an operator reads it.</summary>
internal static class PlanSentences
{
    /// <summary>What must have happened by then, and is nobody's decision; null: nothing.</summary>
    public static string? Before(ClusterView view, Decision decision) =>
        decision is Decision.Release { Document.Switch: { Step: SwitchStep.HandOver, To: { } to } }
            ? $"{to} has everything that {view.Self} has written."
            : null;

    public static string Of(ClusterView view, Decision decision) =>
        decision switch
        {
            Decision.Acquire acquire => $"{view.Self} takes the lease of epoch {acquire.Document.Change!.Epoch}"
                + (
                    acquire.Document.Change.Source is { } source
                        ? $" and first gets what only {source.Member} has."
                        : "."
                ),
            Decision.Release { Document.Switch: { } request } =>
                $"{view.Self} releases the lease of epoch {view.State!.Epoch}, "
                    + $"for {request.To ?? "the most advanced candidate"} to take.",
            Decision.Release => $"{view.Self} releases the lease of epoch {view.State!.Epoch}.",
            Decision.Write write => Of(view, write.Document),
            Decision.Command { What: RedisAction.Close } =>
                $"{view.Self} closes: no more writes, and the application's connections to it end.",
            Decision.Command { What: RedisAction.Open } =>
                $"{view.Self} opens: the application connects to it and writes again.",
            Decision.Command { What: RedisAction.Promote } when view.Own.IsMaster =>
                $"{view.Self} lets the next master read its data. It stays closed.",
            Decision.Command { What: RedisAction.Promote } =>
                $"{view.Self} stops following and is a master that is closed for now.",
            Decision.Command { What: RedisAction.Merge merge } =>
                $"What only {view.Self} has is merged into {merge.Master}, and its files are copied aside.",
            Decision.Command { What: RedisAction.Leave } => $"{view.Self} leaves the master that it followed.",
            Decision.Command { What: RedisAction.Follow follow } => $"{view.Self} follows {follow.Member}"
                + (
                    view.Document.Reinits.Any(reinit => reinit.Member == view.Self) ? ", which sends all its data anew."
                    : view.Document.IsDiscarded(view.Self, view.Own.DataEpoch) ? ", and what only it has is wiped."
                    : "."
                ),
            _ => throw new ArgumentOutOfRangeException(nameof(decision)),
        };

    private static string Of(ClusterView view, ClusterDocument written)
    {
        var document = view.Document;
        return document.Switch is not null && written.Switch is null
                ? $"{view.Self} retracts the switch: {written.Events[^1].Why}"
            : document.Switch is null && written.Switch is { } way ? $"{view.Self} begins the way back to {way.To}."
            : document.Switch?.Step != written.Switch?.Step ? $"{view.Self} records that it is going to close."
            : document.Change is not null && written.Change is null
                ? $"{view.Self} records that the change is complete."
            : written.Change is { } change ? $"{view.Self} records that {Next(change)}."
            : written.Reinits.Any(reinit => !document.Reinits.Contains(reinit))
                ? $"{view.Self} lets {Names(document.Reinits.Except(written.Reinits).Select(old => old.Member))}"
                    + " follow anew."
            : $"{view.Self} records {Changed(document, written)}.";
    }

    private static string Next(ClusterChange change) =>
        change.Step switch
        {
            ChangeStep.FollowSource => $"it follows {change.Source!.Member} until it has everything",
            ChangeStep.PromoteTarget => "it has everything",
            _ => "it is going to open",
        };

    private static string Changed(ClusterDocument document, ClusterDocument written)
    {
        var added = written.Ledger.Select(line => line.Member).Except(document.Ledger.Select(line => line.Member));
        var settled = document
            .Ledger.Select(line => line.Member)
            .Except(written.Ledger.Select(line => line.Member))
            .Concat(document.Discards.Except(written.Discards).Select(discard => discard.Member))
            .Concat(document.Reinits.Except(written.Reinits).Select(reinit => reinit.Member))
            .Distinct();
        var merged = written
            .Ledger.Where(line => line.Merged is not null && !document.Ledger.Contains(line))
            .Select(line => line.Member);
        return string.Join(
            " and ",
            new[]
            {
                added.Any() ? $"that {Names(added)} may have data that {document.Ruler!.Member} lacks" : null,
                merged.Any() ? $"that all of {Names(merged)} was merged into {document.Ruler!.Member}" : null,
                settled.Any() ? $"that {Names(settled)} has what {document.Ruler!.Member} has" : null,
            }.OfType<string>()
        );
    }

    private static string Names(IEnumerable<string> members) => string.Join(", ", members);
}
