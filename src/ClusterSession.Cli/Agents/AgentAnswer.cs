using System.Net;

namespace ClusterSession.Cli.Agents;

/// <summary>What came back.</summary>
/// <param name="Value">The answer; null: none that was understood.</param>
/// <param name="Code">Its status; null: none came.</param>
/// <param name="Problem">Why nothing was answered, as the end of a sentence; null: there
/// is.</param>
/// <param name="IsSent">Whether the agent may have received the question.</param>
internal sealed record AgentAnswer<T>(T? Value, HttpStatusCode? Code, string? Problem, bool IsSent)
    where T : class;
