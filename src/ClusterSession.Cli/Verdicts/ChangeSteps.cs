using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Verdicts;

/// <summary>The steps of a change, as sentences.</summary>
internal static class ChangeSteps
{
    /// <summary>Steps in their order, and which of them is being done.</summary>
    public static (IReadOnlyList<string> Steps, int Current) Of(ChangeStatus change)
    {
        var planned = (change.Source, change.Kind) switch
        {
            (_, ChangeKind.Regain) => [ChangeStep.Open],
            (null, _) => (ChangeStep[])[ChangeStep.PromoteTarget, ChangeStep.Open],
            _ => [ChangeStep.PromoteSource, ChangeStep.FollowSource, ChangeStep.PromoteTarget, ChangeStep.Open],
        };
        var steps = planned.Contains(change.Step) ? planned : [change.Step, .. planned];
        return ([.. steps.Select(step => Sentence(step, change))], Array.IndexOf(steps, change.Step));
    }

    /// <summary>What is done, as the beginning of a sentence.</summary>
    public static string Name(ChangeStatus change) =>
        change.Kind switch
        {
            ChangeKind.Failover => $"a failover to {change.Target}",
            ChangeKind.Regain => $"the return of {change.Target}, which takes its lease again,",
            _ when IsPlanned(change) => $"a planned switch to {change.Target}",
            _ => $"a change ({change.Kind}) to {change.Target}",
        };

    /// <summary>Whether the change belongs to a switch: an operator's, or the way back.</summary>
    public static bool IsPlanned(ChangeStatus change) => change.Kind.ToString() is "Switch" or "TakeBack";

    private static string Sentence(ChangeStep step, ChangeStatus change) =>
        step switch
        {
            ChangeStep.PromoteSource =>
                $"{change.Source}, which has the newest data, becomes a master that is still closed.",
            ChangeStep.FollowSource => $"{change.Target} follows {change.Source} until it has everything.",
            ChangeStep.PromoteTarget => $"{change.Target} stops following and becomes a master that is still closed.",
            ChangeStep.Open => $"{change.Target} is opened for writes.",
            _ => $"{step}.",
        };
}
