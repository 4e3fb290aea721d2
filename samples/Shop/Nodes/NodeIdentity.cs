namespace Shop.Nodes;

/// <summary>
/// Which node of the cluster this process is, and how many requests for the cart it has answered
/// since it started.
/// </summary>
public sealed class NodeIdentity(string name)
{
    // Written by every request thread, read by the status endpoint: interlocked, because a lock
    // would be the only one in the way of a request.
    private long _requests;

    /// <summary>The name, as in "node-2".</summary>
    public string Name { get; } = name;

    /// <summary>Requests for the cart since the process started.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Counts one request.</summary>
    public void CountRequest() => Interlocked.Increment(ref _requests);
}
