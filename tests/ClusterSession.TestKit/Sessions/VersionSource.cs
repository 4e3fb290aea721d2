using ClusterSession.Records;

namespace ClusterSession.TestKit.Sessions;

/// <summary>
/// Hands out versions that rise, from today's time on, so that stores which look at stamps see
/// usual ones.
/// </summary>
public sealed class VersionSource(long writer = 7)
{
    private long _stamp = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    public SessionVersion Next(long? by = null) => new(Interlocked.Add(ref _stamp, 10), by ?? writer);
}
