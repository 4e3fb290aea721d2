using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Verdicts;

/// <summary>The steps of a switch before another lease is taken.</summary>
internal static class SwitchSteps
{
    /// <summary>What happens at this step, as a sentence.</summary>
    public static string Sentence(SwitchStatus asked)
    {
        var (from, to) = (asked.From ?? "the master", asked.To ?? "the most advanced candidate");
        return asked.Step switch
        {
            SwitchStep.Wait => $"{from} rules on until {to} is ready, then closes and hands over.",
            SwitchStep.Close => $"{from} closes, and waits until {to} has everything.",
            SwitchStep.HandOver => $"The lease is free, and {to} takes it before anybody else.",
            _ => $"{asked.Step}.",
        };
    }
}
