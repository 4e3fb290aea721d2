using ClusterSession.Transport.Options;

namespace ClusterSession.Redis.Topology.Published;

/// <summary>Where agents publish which server is the master.</summary>
internal interface IMasterDirectory : IAsyncDisposable
{
    /// <summary>The address named in messages while no master is known.</summary>
    ServerAddress Place { get; }

    /// <summary>Begins to read, and to follow what changes. Called once.</summary>
    void Start(IDirectoryListener listener);
}
