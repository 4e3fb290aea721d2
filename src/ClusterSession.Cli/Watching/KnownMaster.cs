namespace ClusterSession.Cli.Watching;

/// <summary>The master that a majority of the Sentinels named last. Immutable.</summary>
/// <param name="Address">host:port.</param>
/// <param name="Epoch">Number of the configuration that names it.</param>
/// <param name="SeenAt">When the last look that showed it under this number began.</param>
/// <param name="Since">When the first look that showed it under this number ended.</param>
internal sealed record KnownMaster(string Address, long Epoch, long SeenAt, long Since);
