namespace ClusterSession.Cli.Sentinels;

/// <summary>Waits until it is clear whether a merge is needed, and into whom.</summary>
/// <param name="settings">How long for what.</param>
/// <param name="lookout">Asks the Sentinels.</param>
/// <param name="master">Asks the master that they name.</param>
/// <param name="time">The clock.</param>
/// <param name="tell">Hears of what is waited for.</param>
internal sealed class SentinelWait(
    SentinelMergeSettings settings,
    MasterLookout lookout,
    SentinelMaster master,
    TimeProvider time,
    Action<string> tell
)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The sight to act on, and why the Redis may start without a merge; null: merge first.
    /// </summary>
    public async Task<(MasterSight Sight, string? Start)> DecidedAsync(CancellationToken cancellation)
    {
        var since = time.GetTimestamp();
        while (true)
        {
            var sight = await lookout.LookAsync(cancellation).ConfigureAwait(false);
            var isOver = time.GetElapsedTime(since) >= settings.FailoverWait;
            if (!sight.IsMajority)
            {
                tell($"Waits for a majority of {settings.Redis.Endpoints.Count} Sentinels: {sight.Trouble}");
                since = time.GetTimestamp();
            }
            else if (sight.Master is not { } place)
            {
                return (sight, $"Nothing to merge: the Sentinels know no master {settings.Redis.ServiceName} yet.");
            }
            else if (place == settings.Own && !sight.IsFailingOver)
            {
                return (sight, $"Nothing to merge: by the Sentinels {place} is the master, and is not replaced.");
            }
            else if (
                place != settings.Own
                && await master.RunIdAsync(place, cancellation).ConfigureAwait(false) is not null
            )
            {
                return (sight, null);
            }
            else if (sight.IsFailingOver && isOver) // Nobody is there who could wipe it.
            {
                return (sight, $"Nothing was merged: {place} is down, and no other master was found.");
            }
            else
            {
                tell(
                    sight.IsFailingOver
                        ? $"Waits for a failover: the Sentinels hold the master {place} for down."
                        : $"Waits for the master {place}: {master.Trouble}"
                );
            }

            await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
        }
    }
}
