using Microsoft.Extensions.DependencyInjection;

namespace ClusterSession.TestKit.Nodes;

/// <summary>A node in figures.</summary>
public static class NodeFigures
{
    /// <summary>What the node says of itself now.</summary>
    public static SessionStatistics Figures(this TestNode node) =>
        node.Services.GetRequiredService<ISessionManager>().GetStatistics();

    /// <summary>Of how many sessions only this node has the newest commits.</summary>
    public static int Unsaved(this TestNode node) => node.Figures().UnsavedSessions;
}
