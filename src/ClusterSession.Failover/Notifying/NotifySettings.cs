namespace ClusterSession.Failover.Notifying;

/// <summary>How long what lasts where keepalived alone decides.</summary>
/// <param name="RecordLife">Of the record without which a Redis takes no writes.</param>
/// <param name="Deadline">Of one look at the other Redis.</param>
/// <param name="FollowsWithoutCopy">
/// Whether to follow where the data could not be copied aside.
/// </param>
internal sealed record NotifySettings(TimeSpan RecordLife, TimeSpan Deadline, bool FollowsWithoutCopy)
{
    private const int LooksInALife = 6;

    /// <summary>Between two looks.</summary>
    public TimeSpan Pause => RecordLife / LooksInALife;
}
