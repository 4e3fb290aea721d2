using ClusterSession.Sessions.Copies;
using Microsoft.Extensions.Options;

namespace ClusterSession.Sessions;

/// <summary>
/// The times of a session's life. Expiry is counted in durations on each clock alone; only the absolute end compares with the
/// wall clock of the node that made the session.
/// </summary>
/// <code>
/// last use            idle timeout        + touch interval + longest request
/// |-------------------------|-----------------------------------|
///   alive, always             may still be alive (store's slack)    gone
/// </code>
internal sealed class SessionLifetime(IOptions<ClusterSessionOptions> options, TimeProvider time)
{
    private readonly TimeSpan? _absolute = options.Value.AbsoluteTimeout;
    private readonly TimeSpan _removalMemory = options.Value.TombstoneLife > TimeSpan.FromHours(1) ? options.Value.TombstoneLife : TimeSpan.FromHours(1);

    public int IdleTicks { get; } = CoarseClock.Ticks(options.Value.IdleTimeout);

    public int TouchTicks { get; } = CoarseClock.Ticks(options.Value.EffectiveTouchInterval);

    /// <summary>How long the end of a session is remembered in the store.</summary>
    public TimeSpan TombstoneLife { get; } = options.Value.TombstoneLife;

    public bool IsPastAbsoluteEnd(SessionRecord record) => _absolute is { } limit && time.GetUtcNow() - record.Created >= limit;

    /// <summary>
    /// How long the store is to keep a session if nothing else happens. Not cut short by the absolute end, which every node checks itself: a record
    /// that is there and too old is an end, one that is missing too early would look like a loss.
    /// </summary>
    public TimeSpan StoreLife { get; } = options.Value.StoreLife;

    /// <summary>Where that much of it is left, the store need not prolong it.</summary>
    public TimeSpan LeastStoreLife { get; } = options.Value.LeastStoreLife;

    /// <summary>Whether a commit was made within the idle time, so that the session cannot have expired since.</summary>
    public bool IsWithinIdleTime(SessionVersion commit) =>
        !commit.IsNone && time.GetUtcNow() - DateTimeOffset.UnixEpoch.AddTicks(commit.Stamp * TimeSpan.TicksPerMicrosecond) < options.Value.IdleTimeout;

    /// <summary>When, on the coarse clock, a commit prolonged the session; "long ago" for one that is older than that matters.</summary>
    public int TouchedAt(SessionVersion commit, int now)
    {
        var age = time.GetUtcNow() - DateTimeOffset.UnixEpoch.AddTicks(commit.Stamp * TimeSpan.TicksPerMicrosecond);
        return age < TimeSpan.Zero ? now : now - CoarseClock.Ticks(age);
    }

    /// <summary>The stamp before which tombstones of attributes are forgotten: no copy that could bring the value back is that old.</summary>
    public long ForgetRemovedBefore() =>
        ((time.GetUtcNow() - _removalMemory).Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;
}
