namespace ClusterSession.Cli.Watching;

/// <summary>One look of the watcher. Immutable.</summary>
/// <param name="Facts">What follows from what was seen.</param>
/// <param name="BeganAt">When it began: nothing that was seen is older.</param>
/// <param name="Known">
/// The master that a majority named in this look, or else in the last one with a majority; null:
/// there was none yet.
/// </param>
internal sealed record SentinelLook(SiteFacts Facts, long BeganAt, KnownMaster? Known);
