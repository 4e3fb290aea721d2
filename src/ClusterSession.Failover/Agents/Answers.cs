namespace ClusterSession.Failover.Agents;

/// <summary>Waiting for others no longer than a deadline.</summary>
internal static class Answers
{
    /// <summary>The answer, or <paramref name="otherwise"/> where there is none in time.</summary>
    public static async Task<T> WithinAsync<T>(ValueTask<T> question, T otherwise, TimeSpan deadline, TimeProvider time)
    {
        try
        {
            return await question.AsTask().WaitAsync(deadline, time).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            return otherwise;
        }
    }

    /// <summary>Whether the command was done in time.</summary>
    public static async Task<bool> WithinAsync(ValueTask command, TimeSpan deadline, TimeProvider time)
    {
        try
        {
            await command.AsTask().WaitAsync(deadline, time).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            return false;
        }
    }
}
