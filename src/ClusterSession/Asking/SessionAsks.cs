using ClusterSession.Diagnostics;
using ClusterSession.Records;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Asking;

/// <summary>
/// Asks the other nodes for a session before it counts as lost or expired. A node that has it
/// restores it in the store itself: nothing of what it contains travels on the channel.
/// Thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// first session       -> asked for at once
/// more within 50 ms   -> together, at most <see cref="NodeFrame.MaxAsked"/> in one ask; requests
///                        for the same session share it, unless it is sent already and was sent
///                        for other commits than they miss (SharedAsk)
/// every node is done  -> over; decided, if nobody else can be there
/// 125 ms, 250 ms      -> sent again, if somebody has not answered: a frame may be lost
/// 500 ms              -> over; decided, if a node knows that the session was ended
/// </code>
/// "Ended" counts more than "restored", whenever it comes. A node that knows an end sends it to the
/// store, or keeps it in its journal. It answers "ended" whatever came of that, because the end
/// holds.
/// </remarks>
internal sealed class SessionAsks(
    FrameSender sender,
    LiveNodes liveNodes,
    TimeProvider time,
    SessionMetrics metrics,
    ILogger<SessionAsks> logger
)
{
    /// <summary>How long an ask takes at most.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    private const int Steps = 4;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AtStart = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan MemoryOfWriters = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly AskResults _results = new(time); // under _gate, as all below
    private readonly Dictionary<SessionKey, SharedAsk> _waiting = []; // queued, or asked for: the last one
    private readonly Queue<SessionKey> _queue = new();
    private readonly Dictionary<long, RunningAsk> _running = [];
    private readonly LogRate _unasked = new(time);
    private readonly long _startedAt = time.GetTimestamp();
    private ITimer? _next;
    private long _sentAt = time.GetTimestamp() - time.TimestampFrequency;
    private long _numbers;

    /// <summary>
    /// Whether others can be asked: not over a channel that the store refuses, except shortly after
    /// the start, when the channel may just be connecting. A channel that only took no frame in
    /// time counts as possible.
    /// </summary>
    public bool IsPossible =>
        sender.Channel is not null && (!sender.IsRefused || time.GetElapsedTime(_startedAt) < AtStart);

    /// <summary>Whether the store has a channel, be it of use now or not.</summary>
    public bool HasChannel => sender.Channel is not null;

    /// <summary>
    /// Whether a commit was made a short while ago by a node that is silent now, or not known here.
    /// That node may be dead, or so busy that it says nothing for longer than it is remembered, and
    /// may still write its commit (one that had just started did so after 8 s, on a machine with a
    /// load of 30).
    /// </summary>
    public bool MayStillCome(SessionVersion commit) =>
        IsPossible
        && commit.Writer != sender.Process
        && (time.GetUtcNow() - commit.MadeAt).Duration() < MemoryOfWriters
        && liveNodes.IsSilent(commit.Writer);

    /// <summary>Whether a node has come since a timestamp: it may have what no other had.</summary>
    public bool MayFindMoreSince(long timestamp) => liveNodes.HaveGrownSince(timestamp);

    /// <summary>
    /// What an ask for a commit has found, if that ask is remembered and was over before a
    /// timestamp. The end of a session is not recalled here.
    /// </summary>
    public bool TryRecall(SessionKey key, SessionVersion missed, long before, out AskResult result)
    {
        lock (_gate)
        {
            return _results.TryGet(key, missed, before, out result) && result != AskResult.Ended;
        }
    }

    /// <summary>Asks for a session, unless that was done a short while ago.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="missed">The commit that a client has seen, and the session lacks.</param>
    /// <param name="patience">How long the request can wait.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<AskResult> AskAsync(
        SessionKey key,
        SessionVersion missed,
        TimeSpan patience,
        CancellationToken cancellationToken
    )
    {
        SharedAsk? shared;
        RunningAsk? ask = null;
        lock (_gate)
        {
            if (liveNodes is { IsCertain: true, IsAlone: true } && !sender.IsFailing)
            {
                return _results.Add(key, [missed], AskResult.Nobody);
            }

            if (_results.TryGet(key, missed, time.GetTimestamp(), out var known))
            {
                return known;
            }

            if (!_waiting.TryGetValue(key, out shared) || !shared.TryJoin(missed))
            {
                if (!_results.TryTake())
                {
                    return Unasked();
                }

                shared = new SharedAsk { Missed = { missed } };
                _waiting[key] = shared;
                _queue.Enqueue(key);
                ask = TakeNext();
            }
        }

        Send(ask);
        try
        {
            return await shared.Task.WaitAsync(patience, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return shared.Task.IsCompleted ? await shared.Task.ConfigureAwait(false) : SoFar(key, shared);
        }
    }

    public void OnAnswers(long process, AskId asked, (SessionKey Key, AskAnswer Answer)[] answers)
    {
        lock (_gate)
        {
            foreach (var (key, answer) in answers)
            {
                if (answer == AskAnswer.Ended)
                {
                    _results.Add(key, [], AskResult.Ended); // Also where the ask is over.
                }
            }

            if (_running.TryGetValue(asked.Number, out var ask))
            {
                Array.ForEach(answers, answer => ask.Answer(process, answer.Key, answer.Answer));
                EndIfAnswered(ask);
            }
        }
    }

    public void OnDone(long process, AskId asked, int answers)
    {
        lock (_gate)
        {
            if (_running.TryGetValue(asked.Number, out var ask))
            {
                ask.Done(process, answers);
                EndIfAnswered(ask);
            }
        }
    }

    /// <summary>A node has left, and answers nothing any more.</summary>
    public void OnLeft(long process)
    {
        lock (_gate)
        {
            foreach (var ask in _running.Values.ToArray())
            {
                ask.Left(process);
                EndIfAnswered(ask);
            }
        }
    }

    /// <summary>A node has come that may have what nobody had.</summary>
    public void OnJoined()
    {
        lock (_gate)
        {
            _results.Forget();
        }
    }

    /// <summary>A request cannot wait for the end of the ask.</summary>
    private AskResult SoFar(SessionKey key, SharedAsk shared)
    {
        lock (_gate)
        {
            var ask = _running.Values.FirstOrDefault(running => running.Has(key, shared)); // Or queued.
            return _results.Bounded(key, ask?.ResultOf(key) ?? AskResult.Unanswered);
        }
    }

    private AskResult Unasked()
    {
        metrics.Unasked.Add(1);
        if (_unasked.MayWrite(out var count))
        {
            logger.SessionsUnasked(AskResults.MaxPerSecond, count);
        }

        return AskResult.Unasked;
    }

    /// <summary>
    /// Under the lock: the next ask, if its time has come; else the timer takes it.
    /// </summary>
    private RunningAsk? TakeNext()
    {
        var left = Interval - time.GetElapsedTime(_sentAt);
        if (_queue.Count == 0 || left > TimeSpan.Zero)
        {
            if (_queue.Count > 0 && _next is null)
            {
                _next = time.CreateTimer(_ => OnTime(), null, left, Timeout.InfiniteTimeSpan);
            }

            return null;
        }

        _sentAt = time.GetTimestamp();
        var keys = new Dictionary<SessionKey, SharedAsk>();
        while (keys.Count < NodeFrame.MaxAsked && _queue.TryDequeue(out var key))
        {
            var shared = _waiting[key];
            shared.IsSent = true;
            keys.Add(key, shared);
        }

        var ask = new RunningAsk(
            ++_numbers,
            keys,
            liveNodes.Asked(),
            liveNodes.IsCertain && !sender.IsFailing,
            liveNodes.Older > 0
        );
        _running.Add(ask.Number, ask);
        EndIfAnswered(ask); // Nobody else is there.
        if (!_running.ContainsKey(ask.Number))
        {
            return TakeNext();
        }

        ask.Timer = time.CreateTimer(_ => OnStep(ask), null, Patience / Steps, Patience / Steps);
        if (_queue.Count > 0)
        {
            _next ??= time.CreateTimer(_ => OnTime(), null, Interval, Timeout.InfiniteTimeSpan);
        }

        return ask;
    }

    private void OnTime()
    {
        RunningAsk? ask;
        lock (_gate)
        {
            _next?.Dispose();
            _next = null;
            ask = TakeNext();
        }

        Send(ask);
    }

    private void OnStep(RunningAsk ask)
    {
        lock (_gate)
        {
            if (++ask.StepsOver >= Steps)
            {
                End(ask);
            }

            if (ask.StepsOver == Steps - 1 || !_running.ContainsKey(ask.Number))
            {
                return; // The last step is for answers to come.
            }
        }

        Send(ask);
    }

    private void Send(RunningAsk? ask)
    {
        if (ask is not null)
        {
            metrics.Asks.Add(1);
            sender.Send(NodeFrame.Ask(sender.Process, ask.Number, ask.Keys));
        }
    }

    private void EndIfAnswered(RunningAsk ask)
    {
        if (ask.IsAnswered)
        {
            End(ask);
        }
    }

    private void End(RunningAsk ask)
    {
        if (!_running.Remove(ask.Number))
        {
            return;
        }

        ask.Timer?.Dispose();
        foreach (var (key, shared, result) in ask.Results())
        {
            if (_waiting.TryGetValue(key, out var last) && last == shared)
            {
                _waiting.Remove(key);
            }

            shared.End(_results.Add(key, shared.Missed, result));
        }
    }
}
