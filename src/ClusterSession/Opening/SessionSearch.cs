using ClusterSession.Asking;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Stores;

namespace ClusterSession.Opening;

/// <summary>
/// The search of one request for its session: what it looks for, what the other nodes have said,
/// and for how long it goes on. Not thread-safe.
/// </summary>
/// <param name="key">Which session.</param>
/// <param name="seen">The commit that the client has seen.</param>
/// <param name="deadline">Until when the request waits.</param>
/// <param name="time">The clock of the waits.</param>
internal sealed class SessionSearch(SessionKey key, SessionVersion seen, StoreDeadline deadline, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan PatienceWhileRecovering = TimeSpan.FromSeconds(2);

    private readonly long _begunAt = time.GetTimestamp();
    private TimeSpan _pause = FirstPause;
    private TimeSpan _slowestRead;

    /// <summary>Which session.</summary>
    public SessionKey Key => key;

    /// <summary>The commit that the client has seen.</summary>
    public SessionVersion Seen => seen;

    /// <summary>Until when the request waits.</summary>
    public StoreDeadline Deadline => deadline;

    /// <summary>When the last read of the store began.</summary>
    public long ReadAt { get; private set; }

    /// <summary>What the other nodes have said; null as long as they were not asked.</summary>
    public AskResult? Asked { get; set; }

    /// <summary>
    /// Whether the nodes were asked, by this request or shortly before it, and one that may have
    /// the session has not answered, or answers no ask.
    /// </summary>
    public bool IsUnanswered => Asked is AskResult.GivenUp or AskResult.Unanswered or AskResult.RestoredSoFar;

    /// <summary>
    /// Whether the store's next answer would come in time, if it is read after the next pause and
    /// takes as long as the slowest answer so far.
    /// </summary>
    public bool HasTimeLeft => deadline.Left - _pause > _slowestRead;

    /// <summary>
    /// How long the nodes are waited for: the store is to be read again after that. Where no time
    /// is left they are asked all the same: the next request finds what they say.
    /// </summary>
    public TimeSpan PatienceToAsk
    {
        get
        {
            var half = (deadline.Left - _slowestRead) / 2;
            return half < TimeSpan.Zero ? TimeSpan.Zero
                : half < SessionAsks.Patience ? half
                : SessionAsks.Patience;
        }
    }

    /// <summary>The store is about to be read.</summary>
    public void BeginRead() => ReadAt = time.GetTimestamp();

    /// <summary>The store has answered, or was waited for long enough.</summary>
    public void EndRead()
    {
        var took = time.GetElapsedTime(ReadAt);
        _slowestRead = took > _slowestRead ? took : _slowestRead;
    }

    /// <summary>Whether what is missing is not expected to be brought back any more.</summary>
    public bool IsPatienceOver(RecoveryWindow window) =>
        !window.HasJustBegun
        && time.GetElapsedTime(_begunAt) >= (window.IsUnderWay ? PatienceWhileRecovering : Patience);

    /// <summary>Waits before the next read, twice as long each time.</summary>
    public async Task PauseAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(_pause, time, cancellationToken).ConfigureAwait(false);
        _pause *= 2;
    }
}
