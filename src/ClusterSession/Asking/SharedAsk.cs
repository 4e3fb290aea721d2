using ClusterSession.Records;

namespace ClusterSession.Asking;

/// <summary>
/// What requests for one session wait for together. Used under the lock of <see
/// cref="SessionAsks"/>.
/// </summary>
/// <remarks>
/// A node answers for what it knows when it is asked. So a request joins while the ask is not sent,
/// and later only if it misses a commit that the ask was sent for: another one may have been made
/// since, by a node that has answered before.
/// </remarks>
internal sealed class SharedAsk
{
    private readonly TaskCompletionSource<AskResult> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends with what the ask has found.</summary>
    public Task<AskResult> Task => _source.Task;

    /// <summary>The commits that clients have seen, and the session lacks.</summary>
    public List<SessionVersion> Missed { get; } = [];

    /// <summary>Whether it was sent.</summary>
    public bool IsSent { get; set; }

    /// <summary>Whether a request that misses a commit can wait for it; then it is counted
    /// in.</summary>
    public bool TryJoin(SessionVersion missed)
    {
        if (Missed.Contains(missed))
        {
            return true;
        }

        if (!IsSent)
        {
            Missed.Add(missed);
        }

        return !IsSent;
    }

    public void End(AskResult result) => _source.SetResult(result);
}
