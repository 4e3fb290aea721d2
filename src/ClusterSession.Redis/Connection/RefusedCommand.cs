namespace ClusterSession.Redis.Connection;

/// <summary>A command that a server has refused and that a connection can do without.</summary>
/// <param name="Name">The command.</param>
/// <param name="Cost">What goes without it, as a sentence.</param>
internal readonly record struct RefusedCommand(string Name, string Cost)
{
    public static RefusedCommand Info { get; } =
        new(
            "INFO",
            "Which server it is and how far its data goes is not known: each new connection counts as one to a server "
                + "that may have lost everything, and a deposed master is not told from the new one."
        );

    public static RefusedCommand Role { get; } =
        new(
            "ROLE",
            "After a failover all recent commits are replayed, not only those that the new master lacks, and a demoted "
                + "master is noticed by the first write that it refuses."
        );

    public static RefusedCommand SetInfo { get; } =
        new("CLIENT SETINFO", "The server does not show the name of the library.");

    public static RefusedCommand Config { get; } =
        new("CONFIG GET", "Nobody is warned of a server that persists nothing, or of a cluster that needs all shards.");

    public static RefusedCommand Generation { get; } = new("GET", GenerationUnknown);

    public static RefusedCommand RaiseGeneration { get; } = new("SET", GenerationUnknown);

    private const string GenerationUnknown =
        "A deposed master that was restarted with old data is not told from the new one by that data.";
}
