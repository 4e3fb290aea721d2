namespace ClusterSession.Cli.Sentinels;

/// <summary>What became of the merge before a start.</summary>
/// <param name="MayStart">Whether the Redis may open its port.</param>
/// <param name="Sentence">What was done, or why nothing, or what is wrong.</param>
internal sealed record SentinelMergeResult(bool MayStart, string Sentence);
