namespace ClusterSession.ZooKeeper;

/// <summary>
/// Waits for one change of a node: handed to a read, it fires with the first change after what that
/// read returned. Used once. Thread-safe.
/// </summary>
/// <remarks>
/// It outlives lost connections: the next one asks for what has happened meanwhile. Changes that
/// follow each other before the next read are one event: the waiting code reads again, with another
/// watch. A node that was watched while it did not exist, and was made and deleted while the
/// connection was lost, has not changed. The watch of a read that was refused, or whose outcome is
/// unknown, is not set and never fires.
/// </remarks>
public sealed class NodeWatch
{
    private readonly TaskCompletionSource<NodeEvent> _fired = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the change, or when the session is over; never fails.</summary>
    public Task<NodeEvent> Fired => _fired.Task;

    internal void Fire(NodeEvent seen) => _fired.TrySetResult(seen);
}
