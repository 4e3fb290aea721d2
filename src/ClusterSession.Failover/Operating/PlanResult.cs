using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Operating;

/// <summary>What a command of an operator comes to.</summary>
internal abstract record PlanResult
{
    private PlanResult() { }

    /// <summary>It can be done, by writing the document; nothing has been done yet.</summary>
    /// <param name="Steps">What will happen, in its order.</param>
    /// <param name="Warnings">What the operator should know before.</param>
    /// <param name="Document">Written, if it is still of the version that was planned on.</param>
    public sealed record Planned(
        IReadOnlyList<PlannedStep> Steps,
        IReadOnlyList<string> Warnings,
        ClusterDocument Document
    ) : PlanResult
    {
        /// <summary>
        /// How long it takes, what happens if a step fails, and whether anything is wiped.
        /// </summary>
        public IReadOnlyList<string> Notes { get; init; } = [];
    }

    /// <summary>It is not done.</summary>
    /// <param name="Reason">Why.</param>
    /// <param name="Remedy">What the operator can do.</param>
    public sealed record Refused(string Reason, string Remedy) : PlanResult;
}
