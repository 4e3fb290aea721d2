using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Load;

namespace ClusterSession.ChaosTests.Cluster;

/// <summary>Several nodes named A, B, C over one store.</summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    private readonly List<ChaosNodeProcess> _nodes = [];

    private ChaosCluster() { }

    public IReadOnlyList<ChaosNodeProcess> Nodes => _nodes;

    /// <summary>What the load program needs to know of them.</summary>
    public IReadOnlyList<NodeAddress> Addresses => [.. _nodes.Select(n => new NodeAddress(n.Name, n.EndPoint))];

    public static async Task<ChaosCluster> StartAsync(int nodes, NodeSettings settings, params string[] arguments)
    {
        var cluster = new ChaosCluster();
        try
        {
            for (var i = 0; i < nodes; i++)
            {
                cluster._nodes.Add(
                    await ChaosNodeProcess.StartAsync(
                        settings with
                        {
                            Name = ((char)('A' + i)).ToString(),
                        },
                        null,
                        arguments
                    )
                );
            }
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }
}
