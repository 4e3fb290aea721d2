namespace ClusterSession.Failover.Face;

/// <summary>What became of a command.</summary>
/// <param name="Accepted">Whether it was written, or would have been.</param>
/// <param name="Plan">What will be done; null: it was refused.</param>
/// <param name="Refusal">Why it was refused; null: it was not.</param>
internal sealed record CommandAnswer(bool Accepted, CommandPlan? Plan = null, CommandRefusal? Refusal = null);

/// <summary>What a command leads to.</summary>
/// <param name="Steps">Sentences, in their order.</param>
/// <param name="Warnings">What is lost or endangered by it.</param>
/// <param name="Notes">
/// How long it takes, what happens if a step fails, whether data is wiped; null: nothing is said.
/// </param>
internal sealed record CommandPlan(
    IReadOnlyList<string> Steps,
    IReadOnlyList<string> Warnings,
    IReadOnlyList<string>? Notes = null
);

/// <summary>Why a command was refused.</summary>
/// <param name="Reason">A sentence.</param>
/// <param name="Remedy">What to do about it.</param>
internal sealed record CommandRefusal(string Reason, string Remedy);
