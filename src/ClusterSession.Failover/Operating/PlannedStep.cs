using ClusterSession.Failover.Deciding;

namespace ClusterSession.Failover.Operating;

/// <summary>One thing that will happen.</summary>
/// <param name="Sentence">For the operator.</param>
/// <param name="Member">Whose agent does it; null: the command itself.</param>
/// <param name="Decision">What the agent will decide; null: the command itself.</param>
internal sealed record PlannedStep(string Sentence, string? Member = null, Decision? Decision = null);
