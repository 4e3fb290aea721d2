namespace FullCluster.Check;

/// <summary>What was seen during one step.</summary>
/// <param name="Step">What happened.</param>
/// <param name="Gap">The longest time without an acknowledged write; null: nobody wrote on
/// purpose.</param>
/// <param name="Requests">Answered requests.</param>
/// <param name="Stale">Answers that lacked what had been acknowledged.</param>
/// <param name="Revived">Removed lines that were there again.</param>
/// <param name="Merged">Records that the agents merged.</param>
internal sealed record StoryLine(string Step, TimeSpan? Gap, long Requests, long Stale, long Revived, long Merged);
