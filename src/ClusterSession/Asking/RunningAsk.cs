using ClusterSession.Records;

namespace ClusterSession.Asking;

/// <summary>
/// One ask that was sent, and what has been answered so far. Used under the lock of <see
/// cref="SessionAsks"/>.
/// </summary>
/// <param name="number">Its number.</param>
/// <param name="waiting">The sessions, and the requests that wait for each.</param>
/// <param name="silent">Who has not said yet that it is done.</param>
/// <param name="isCertain">Whether nobody else is there who could answer.</param>
/// <param name="mayMiss">Whether somebody is there who answers no ask.</param>
internal sealed class RunningAsk(
    long number,
    Dictionary<SessionKey, SharedAsk> waiting,
    HashSet<long> silent,
    bool isCertain,
    bool mayMiss
)
{
    private readonly Dictionary<SessionKey, AskAnswer> _answers = [];
    private readonly HashSet<SessionKey> _unsaid = [];
    private readonly Dictionary<long, HashSet<SessionKey>> _answered = [];
    private readonly Dictionary<long, int> _promised = [];

    public long Number => number;

    public IReadOnlyCollection<SessionKey> Keys => waiting.Keys;

    /// <summary>How often it was sent again.</summary>
    public int Repeats { get; set; }

    /// <summary>Ends it at its deadline, and sends it again before.</summary>
    public ITimer? Timer { get; set; }

    /// <summary>
    /// Whether nothing more is to be expected: every node has said all that it knows. While others
    /// may be there that this node has not heard of, only if each session was answered.
    /// </summary>
    public bool IsAnswered => silent.Count == 0 && (isCertain || _answers.Count == waiting.Count);

    public void Answer(long process, SessionKey key, AskAnswer answer)
    {
        if (!waiting.ContainsKey(key) || answer is AskAnswer.None or > AskAnswer.Unsaid)
        {
            return;
        }

        if (answer == AskAnswer.Unsaid)
        {
            _unsaid.Add(key);
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
        _promised[process] = answers;
        Check(process);
    }

    /// <summary>A node has left: what it had is gone with it.</summary>
    public void Left(long process) => silent.Remove(process);

    /// <summary>Whether these requests for a session wait for this ask.</summary>
    public bool Has(SessionKey key, SharedAsk requests) => waiting.GetValueOrDefault(key) == requests;

    /// <summary>The same of each session.</summary>
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

    /// <summary>Whether a node may have it that has not said so.</summary>
    private bool IsOpen(SessionKey key) => silent.Count > 0 || _unsaid.Contains(key);

    private void Check(long process)
    {
        if (
            _promised.TryGetValue(process, out var promised)
            && promised <= (_answered.GetValueOrDefault(process)?.Count ?? 0)
        )
        {
            silent.Remove(process);
        }
    }
}
