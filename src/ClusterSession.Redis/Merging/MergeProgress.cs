namespace ClusterSession.Redis.Merging;

/// <summary>What has been merged so far. The first one comes before anything is written.</summary>
/// <param name="Phase">What begins, or goes on.</param>
/// <param name="Expected">About how many records the source has.</param>
/// <param name="SoFar">The counts.</param>
internal sealed record MergeProgress(MergePhase Phase, long Expected, MergeReport SoFar);
