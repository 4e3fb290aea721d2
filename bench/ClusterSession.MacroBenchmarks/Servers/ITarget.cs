namespace ClusterSession.MacroBenchmarks.Servers;

/// <summary>
/// Something with sessions that can be put under load: one or more nodes and what they keep
/// sessions in.
/// </summary>
internal interface ITarget : IAsyncDisposable
{
    /// <summary>Short name, as in options and data.</summary>
    string Name { get; }

    /// <summary>Name in tables.</summary>
    string Title { get; }

    /// <summary>Where requests go.</summary>
    int[] Ports { get; }

    /// <summary>Whether there are sessions at all.</summary>
    bool HasSessions { get; }

    /// <summary>The Redis behind it, if there is one.</summary>
    MeasuredRedis? Redis { get; }

    /// <summary>What it has used so far.</summary>
    Task<Usage> UsageAsync();
}
