namespace ClusterSession.Redis.Merging;

/// <summary>Holds a merge to so many records a second. Not thread-safe.</summary>
internal sealed class MergePace(int perSecond, TimeProvider time)
{
    /// <summary>
    /// What was not used within a second is not made up for: the clients would feel that.
    /// </summary>
    private static readonly TimeSpan MaxCredit = TimeSpan.FromSeconds(1);

    private long _since = time.GetTimestamp();
    private double _records;

    /// <summary>Waits until that many may have been done since the last call.</summary>
    public async Task AfterAsync(long records, CancellationToken cancellation)
    {
        _records += records;
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
