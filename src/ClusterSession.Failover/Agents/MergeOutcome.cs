using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Agents;

/// <summary>How a merge ended.</summary>
internal abstract record MergeOutcome
{
    private MergeOutcome() { }

    /// <summary>
    /// The master has everything that can be merged; <see cref="MemberMergeCounts.NotMerged"/>
    /// counts the rest.
    /// </summary>
    /// <param name="Counts">What was done.</param>
    /// <param name="Confirmed">
    /// How many of its replicas have confirmed that they have it too.
    /// </param>
    public sealed record Merged(MemberMergeCounts Counts, int Confirmed) : MergeOutcome;

    /// <summary>
    /// It is not complete. Begun again, it comes to the same as if it had not failed.
    /// </summary>
    /// <param name="Why">The reason, as a sentence.</param>
    public sealed record Failed(string Why) : MergeOutcome;
}
