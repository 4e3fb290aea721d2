using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Output;

/// <summary>JSON of status.</summary>
/// <param name="Verdict">What a person needs to know.</param>
/// <param name="Agents">Who was asked.</param>
/// <param name="Cluster">What the agent answered, as it was; null: none did.</param>
internal sealed record StatusReport(Verdict Verdict, IReadOnlyList<AskedAgent> Agents, ClusterStatus? Cluster);

/// <summary>An agent that was asked.</summary>
/// <param name="Agent">Its address.</param>
/// <param name="IsResponding">Whether it answered.</param>
/// <param name="Problem">Why it did not; null: it did.</param>
internal sealed record AskedAgent(string Agent, bool IsResponding, string? Problem);
