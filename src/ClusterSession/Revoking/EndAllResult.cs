namespace ClusterSession;

/// <summary>Which nodes know that all sessions of a principal were ended.</summary>
/// <param name="ServingNodes">
/// How many nodes serve requests with these sessions now: processes of the same
/// <see cref="ClusterSessionOptions.KeyPrefix"/> that have called UseClusterSession and have shown
/// within 30 seconds that they live. 0: the sessions are probably kept under another
/// <see cref="ClusterSessionOptions.ApplicationName"/>, and nobody was logged out.
/// </param>
/// <param name="NotifiedNodes">
/// How many of them are known to refuse the sessions by now. They were waited for, a second at
/// most; the others refuse them when they hear of it, or when their local copies are not good any
/// more because the store does not respond to them.
/// </param>
public readonly record struct EndAllResult(int ServingNodes, int NotifiedNodes)
{
    /// <summary>Whether every serving node is known to refuse the sessions.</summary>
    public bool AllNodesNotified => ServingNodes > 0 && NotifiedNodes == ServingNodes;
}
