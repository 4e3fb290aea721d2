namespace ClusterSession.Redis.Merging;

/// <summary>Holds a merge to so many records a second. Not thread-safe.</summary>
internal sealed class MergePace(int perSecond, TimeProvider time)
{
    /// <summary>Comparing reads a header; writing reads and sends a record.</summary>
    private const int WrittenCountsAs = 10;

    /// <summary>
    /// What was not used within a second is not made up for: the clients would feel that.
    /// </summary>
    private static readonly TimeSpan MaxCredit = TimeSpan.FromSeconds(1);

    private long _since = time.GetTimestamp();
    private double _records;

    /// <summary>Waits until that many may have been done since the last call.</summary>
    /// <param name="compared">How many records were compared, also those that were written.</param>
    /// <param name="written">How many of them were written.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task AfterAsync(long compared, long written, CancellationToken cancellation)
    {
        _records += compared + (written * (WrittenCountsAs - 1));
        var ahead = TimeSpan.FromSeconds(_records / perSecond) - time.GetElapsedTime(_since);
        if (ahead > TimeSpan.Zero)
        {
            await Task.Delay(ahead, time, cancellation).ConfigureAwait(false);
        }
        else if (ahead < -MaxCredit)
        {
            (_since, _records) = (time.GetTimestamp(), 0);
        }
    }
}
