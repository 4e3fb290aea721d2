using ClusterSession;

namespace Shop.Nodes;

/// <summary>
/// What the one who runs the node asks it: are you there, and how much have you done.
/// </summary>
public static class NodeEndpoints
{
    /// <summary>
    /// Maps <c>GET /node</c>. Health checks come often and must neither open nor prolong a session.
    /// </summary>
    public static void MapNode(this IEndpointRouteBuilder app) =>
        app.MapGet("/node", (NodeIdentity node) => new NodeStatus(node.Name, Environment.ProcessId, node.Requests))
            .WithSessionAccess(SessionConcurrency.None);
}

/// <summary>The answer of <c>GET /node</c>.</summary>
public sealed record NodeStatus(string Name, int ProcessId, long Requests);
