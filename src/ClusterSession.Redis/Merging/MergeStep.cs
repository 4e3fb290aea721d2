namespace ClusterSession.Redis.Merging;

/// <summary>What is done about one session.</summary>
/// <param name="Action">What.</param>
/// <param name="Life">
/// How long the target is to keep it at least; zero or less: it is not kept longer for this.
/// </param>
internal readonly record struct MergeStep(MergeAction Action, TimeSpan Life = default);
