namespace ClusterSession.Cli.Output;

/// <summary>How the tool writes what it knows.</summary>
internal enum OutputFormat
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>For programs; its names stay.</summary>
    Json,
}
