namespace ClusterSession.Failover.Agents;

/// <summary>
/// Asks one party again and again. One that was silent is waited for a short while only, until it
/// answers however late: a dead member must not slow down each step of the failover that it caused.
/// </summary>
/// <remarks>
/// A question that ends without an answer, as when a connection could not be made in time, is
/// silence too, whenever it ends. A party that answers slowly is silent for one look at most: its
/// late answer ends that.
/// </remarks>
/// <typeparam name="T">The answer.</typeparam>
/// <param name="otherwise">What counts where nothing is answered.</param>
/// <param name="isAnswer">Whether it is one.</param>
/// <param name="deadline">How long an answer may take.</param>
/// <param name="time">The clock of the deadline.</param>
internal sealed class Poll<T>(T otherwise, Func<T, bool> isAnswer, TimeSpan deadline, TimeProvider time)
{
    // A silent party is waited for only 1/40 of the deadline, since a change takes six looks.
    private const int SilentDivisor = 40;
    private volatile bool _isSilent;

    public async Task<T> AskAsync(Func<ValueTask<T>> question)
    {
        var answer = question().AsTask();
        try
        {
            var result = await answer
                .WaitAsync(_isSilent ? deadline / SilentDivisor : deadline, time)
                .ConfigureAwait(false);
            _isSilent = !isAnswer(result);
            return result;
        }
        catch (IOException)
        {
            _isSilent = true;
            return otherwise;
        }
        catch (TimeoutException)
        {
            _isSilent = true;
            _ = HearAsync(answer);
            return otherwise;
        }
    }

    private async Task HearAsync(Task<T> late)
    {
        await ((Task)late).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (late.IsCompletedSuccessfully && isAnswer(await late.ConfigureAwait(false)))
        {
            _isSilent = false;
        }
    }
}
