namespace ClusterSession.ZooKeeper.Protocol;

/// <summary>Numbers of requests that are no ordinary ones. Ordinary ones count from 1.</summary>
internal static class Xids
{
    /// <summary>Of a message that nobody asked for: an event.</summary>
    public const int Event = -1;

    public const int Ping = -2;

    public const int Auth = -4;

    public const int SetWatches = -8;
}
