using ClusterSession.Diagnostics;
using ClusterSession.Records;
using ClusterSession.Stores;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Asking;

/// <summary>Answers what other nodes ask for, a few asks at a time. Thread-safe.</summary>
internal sealed class AskedSessions(
    FrameSender sender,
    SessionHolder holder,
    TimeProvider time,
    ILogger<NodeChannel> logger
)
{
    private const int AtOnce = 64;
    private const int MaxAnswering = 64;

    private readonly SemaphoreSlim _answering = new(4); // asks of which this node knows something
    private readonly LogRate _unanswered = new(time);
    private int _underWay;

    /// <summary>Sends answers, or says that there are none. Called on a receiving loop.</summary>
    public void Answer(AskId ask, SessionKey[] keys)
    {
        var known = Array.FindAll(keys, holder.Knows);
        if (known.Length == 0)
        {
            sender.Send(NodeFrame.Done(sender.Process, ask, answers: 0));
        }
        else if (Interlocked.Increment(ref _underWay) <= MaxAnswering)
        {
            _ = AnswerAsync(ask, known);
        }
        else
        {
            Interlocked.Decrement(ref _underWay); // It is asked again, or taken for not answered.
        }
    }

    private async Task AnswerAsync(AskId ask, SessionKey[] keys)
    {
        await _answering.WaitAsync().ConfigureAwait(false);
        try
        {
            var deadline = new StoreDeadline(time, SessionAsks.Patience);
            var answers = new List<(SessionKey Key, AskAnswer Answer)>();
            foreach (var batch in keys.Chunk(AtOnce))
            {
                var said = await Task.WhenAll(batch.Select(key => AnswerAsync(key, deadline))).ConfigureAwait(false);
                answers.AddRange(batch.Zip(said).Where(static answer => answer.Second != AskAnswer.None));
            }

            foreach (var part in answers.Chunk(NodeFrame.MaxAnswered))
            {
                sender.Send(NodeFrame.Answer(sender.Process, ask, part));
            }

            sender.Send(NodeFrame.Done(sender.Process, ask, answers.Count));
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
            _answering.Release();
        }
    }

    /// <summary>
    /// Answers for one session. A failure for it does not keep this node from answering for the
    /// others.
    /// </summary>
    private async Task<AskAnswer> AnswerAsync(SessionKey key, StoreDeadline deadline)
    {
        try
        {
            return await holder.AnswerAsync(key, deadline).ConfigureAwait(false) ?? AskAnswer.CouldNotStore;
        }
        catch (Exception failure) // Whatever it is, it is of this session.
        {
            if (_unanswered.MayWrite(out var count))
            {
                logger.AskFailed(failure.GetType().Name, count);
            }

            return AskAnswer.CouldNotStore;
        }
    }
}
