using System.Net;

namespace ClusterSession.Cli.Agents;

/// <summary>What a question to an agent brought.</summary>
/// <param name="Value">The answer; null: none came that was understood.</param>
/// <param name="Code">The HTTP status of the response; null: no response came.</param>
/// <param name="Problem">Why there is no <paramref name="Value"/>, as the end of a sentence; null:
/// there is one.</param>
/// <param name="IsSent">Whether the agent may have received the question.</param>
internal sealed record AgentAnswer<T>(T? Value, HttpStatusCode? Code, string? Problem, bool IsSent)
    where T : class;
