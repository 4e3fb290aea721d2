using ClusterSession.Records;

namespace ClusterSession.Asking;

/// <summary>
/// One ask that was sent, and what has been answered so far. Used under the lock of <see
/// cref="SessionAsks"/>.
/// </summary>
/// <param name="number">Its number.</param>
/// <param name="waiting">The sessions, and the requests that wait for each.</param>
/// <param name="notDone">The nodes that have not said yet that they are done.</param>
/// <param name="isCertain">Whether nobody else is there who could answer.</param>
/// <param name="mayMiss">Whether somebody is there who answers no ask.</param>
internal sealed class RunningAsk(
    long number,
    Dictionary<SessionKey, SharedAsk> waiting,
    HashSet<long> notDone,
    bool isCertain,
    bool mayMiss
)
{
    private readonly Dictionary<SessionKey, AskAnswer> _answers = [];
    private readonly HashSet<SessionKey> _notStored = [];
    private readonly Dictionary<long, HashSet<SessionKey>> _answered = [];
    private readonly Dictionary<long, int> _announcedCounts = [];

    public long Number => number;

    public IReadOnlyCollection<SessionKey> Keys => waiting.Keys;

    /// <summary>
    /// How many steps of 125 ms are over. It is sent again after the first and the second, and ends
    /// after the fourth.
    /// </summary>
    public int StepsOver { get; set; }

    /// <summary>Ends it at its deadline, and sends it again before.</summary>
    public ITimer? Timer { get; set; }

    /// <summary>
    /// Whether nothing more is to be expected: every node has said all that it knows. While others
    /// may be there that this node has not heard of, only if each session was answered.
    /// </summary>
    public bool IsAnswered => notDone.Count == 0 && (isCertain || _answers.Count == waiting.Count);

    public void Answer(long process, SessionKey key, AskAnswer answer)
    {
        if (!waiting.ContainsKey(key) || answer is AskAnswer.None or > AskAnswer.CouldNotStore)
        {
            return;
        }

        if (answer == AskAnswer.CouldNotStore)
        {
            _notStored.Add(key);
        }
        else if (!_answers.TryGetValue(key, out var before) || answer > before)
        {
            _answers[key] = answer;
        }

        if (!_answered.TryGetValue(process, out var keys))
        {
            _answered[process] = keys = [];
        }

        keys.Add(key);
        Check(process);
    }

    /// <summary>
    /// A node has sent answers for so many sessions; some may have been lost, or be on their way.
    /// </summary>
    public void Done(long process, int answers)
    {
        _announcedCounts[process] = answers;
        Check(process);
    }

    /// <summary>A node has left: what it had is gone with it.</summary>
    public void Left(long process) => notDone.Remove(process);

    /// <summary>Whether these requests for a session wait for this ask.</summary>
    public bool Has(SessionKey key, SharedAsk requests) => waiting.GetValueOrDefault(key) == requests;

    /// <summary>What is known now of each session of this ask.</summary>
    public IEnumerable<(SessionKey Key, SharedAsk Waiting, AskResult Result)> Results() =>
        waiting.Select(one => (one.Key, one.Value, ResultOf(one.Key)));

    /// <summary>What is known of a session now.</summary>
    public AskResult ResultOf(SessionKey key) =>
        _answers.GetValueOrDefault(key) switch
        {
            AskAnswer.Ended => AskResult.Ended,
            AskAnswer.Restored => IsOpen(key) ? AskResult.RestoredSoFar : AskResult.Restored,
            _ when IsOpen(key) => AskResult.Unanswered,
            AskAnswer.MayNotRestore => AskResult.MayNotRestore,
            _ when mayMiss => AskResult.GivenUp,
            _ => isCertain ? AskResult.Nobody : AskResult.Unanswered,
        };

    /// <summary>
    /// Whether a node is not done yet, or has something of the session and could not store it.
    /// </summary>
    private bool IsOpen(SessionKey key) => notDone.Count > 0 || _notStored.Contains(key);

    private void Check(long process)
    {
        if (
            _announcedCounts.TryGetValue(process, out var announced)
            && announced <= (_answered.GetValueOrDefault(process)?.Count ?? 0)
        )
        {
            notDone.Remove(process);
        }
    }
}
