namespace ClusterSession.Cli.Watching;

/// <summary>One look of the watcher. Immutable.</summary>
/// <param name="Facts">What follows from what was seen.</param>
/// <param name="BeganAt">When it began: nothing that was seen is older.</param>
/// <param name="NamedAt">
/// When the look ended that first showed this master in this configuration.
/// </param>
internal sealed record SentinelLook(SiteFacts Facts, long BeganAt, long NamedAt);
