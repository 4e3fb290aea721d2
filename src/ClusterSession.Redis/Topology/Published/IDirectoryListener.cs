using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology.Published;

/// <summary>
/// Hears what a directory says: quick, and without exceptions. Thread-safe.
/// </summary>
internal interface IDirectoryListener
{
    /// <summary>What is published now.</summary>
    void Published(PublishedMaster published);

    /// <summary>
    /// The directory cannot be read, or nothing usable is published; says why. What was published
    /// before stands.
    /// </summary>
    void Missing(ConnectException reason);

    /// <summary>The directory is connected to again, and what it said last is used.</summary>
    void Found();
}
