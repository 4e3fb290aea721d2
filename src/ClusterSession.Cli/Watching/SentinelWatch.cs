using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Watching;

/// <summary>
/// What the watcher of a Sentinel site answers, computed at the moment of the question.
/// Thread-safe.
/// </summary>
/// <remarks>
/// Two watchers never answer /primary with 200 at once. Two majorities have a Sentinel in common,
/// so the watcher of the former master has begun its last look that shows this one named before the
/// other watcher has ended its first look that does not:
/// <code>
/// former  ...look: a, ok |-- LookLife --|
/// next             look: b, ok          |
///                           |-- LookLife --| 200
/// </code>
/// A look counts from its begin and for LookLife; a new master is answered with 200 LookLife after
/// the end of the look that showed it first. The settings have to be alike on all watchers.
/// </remarks>
/// <param name="settings">Which Redis is beside this watcher, and the times.</param>
/// <param name="clock">Counts durations, while the machine is suspended too.</param>
internal sealed class SentinelWatch(SentinelWatchSettings settings, TimeProvider clock) : IFace
{
    private const string NoLook = "The watcher has not looked at its site yet.";
    private volatile SentinelLook? _look;

    /// <summary>The last look; null: there was none yet.</summary>
    public SentinelLook? Look => _look;

    /// <summary>Whether the loop goes on, for systemd: longer than a look counts.</summary>
    public bool IsAlive => Age is { } age && age <= settings.LookLife + settings.LookLife;

    /// <summary>How old the last look is.</summary>
    public TimeSpan? Age => _look is { } look ? clock.GetElapsedTime(look.BeganAt) : null;

    private bool IsFresh => Age is { } age && age <= settings.LookLife;

    private string? Self => settings.Own?.ToString();

    /// <summary>Takes what was seen.</summary>
    /// <param name="sight">What was seen.</param>
    /// <param name="beganAt">A timestamp of the clock, from before the look.</param>
    public void Took(SiteSight sight, long beganAt)
    {
        var facts = new SiteFacts(sight);
        var isSame = _look is { Facts: var last } && (last.Master, last.Epoch) == (facts.Master, facts.Epoch);
        _look = new SentinelLook(facts, beganAt, isSame ? _look!.NamedAt : clock.GetTimestamp());
    }

    /// <inheritdoc/>
    public (bool Is, RoleStatus Status) Primary()
    {
        if (_look is not { Facts: var facts } look)
        {
            return Nothing();
        }

        var own = Own(facts);
        var (isPrimary, reason) = facts switch
        {
            _ when !IsFresh => (false, Stale),
            _ when own is null => (false, $"{SentinelWatchSettings.Section}:RedisAddress names no Redis."),
            { Master: null } => (
                false,
                $"No majority of the Sentinels names one master. {SiteAlarms.NoMajority(facts)}"
            ),
            _ when facts.Master != Self => (false, $"The Sentinels name {facts.Master}."),
            { IsFailingOver: true } => (false, $"The Sentinels hold {Self} for down, or replace it."),
            _ when own.Problem is { } problem => (false, $"{Self} is not responding: {problem}"),
            { IsMastered: false } => (false, $"{Self} says that it is a {own.Role}."),
            _ when clock.GetElapsedTime(look.NamedAt) <= settings.LookLife => (
                false,
                $"{Self} was named only now: the watcher of the former master may not have seen it yet."
            ),
            _ => (true, $"{facts.Agreeing.Count} of {facts.AllSentinels} Sentinels name {Self}, which is a master."),
        };
        return (isPrimary, new RoleStatus(own?.Role ?? MemberRole.Unreachable, reason, facts.Epoch));
    }

    /// <inheritdoc/>
    public (bool Is, RoleStatus Status) Replica(long? most)
    {
        if (_look is not { Facts: var facts })
        {
            return Nothing();
        }

        var own = Own(facts);
        var lag = own is null ? null : facts.LagBytes(own);
        var (isReplica, reason) = own switch
        {
            _ when !IsFresh => (false, Stale),
            null => (false, $"{SentinelWatchSettings.Section}:RedisAddress names no Redis."),
            { Problem: { } problem } => (false, $"{Self} is not responding: {problem}"),
            { Role: not MemberRole.Replica } => (false, $"{Self} says that it is a {own.Role}."),
            { IsLinkUp: false } => (false, $"{Self} is not connected to its master, or not complete yet."),
            _ when facts.FollowsAnother(own) => (false, $"{Self} follows {own.Follows}, and not {facts.Master}."),
            _ when most is { } bytes && (lag is null || lag > bytes) => (
                false,
                lag is null
                    ? "It is not known how far it is behind: the master is not in sight, or has another history."
                    : $"{Self} is {lag} bytes behind, and at most {bytes} were asked for."
            ),
            _ => (true, $"{Self} follows {own.Follows}."),
        };
        return (isReplica, new RoleStatus(own?.Role ?? MemberRole.Unreachable, reason, facts.Epoch));
    }

    /// <inheritdoc/>
    public (bool Is, RoleStatus Status) ReadOnly() => Primary() is { Is: true } primary ? primary : Replica(null);

    /// <inheritdoc/>
    public HealthStatus Health()
    {
        if (_look is not { Facts: var facts })
        {
            return new HealthStatus(false, [NoLook]);
        }

        var problems = new List<string>();
        if (!IsFresh)
        {
            problems.Add(Stale);
        }

        if (Own(facts) is { Problem: { } problem })
        {
            problems.Add(
                $"{Self} is not responding. See that it runs, and that the application's user may log in. {problem}"
            );
        }

        if (facts.Master is null)
        {
            problems.Add(
                $"No majority of the Sentinels names one master. {SiteAlarms.NoMajority(facts)} See that they run "
                    + "and reach each other."
            );
        }

        problems.AddRange(
            SiteAlarms
                .Of(facts)
                .Where(alarm => alarm.Name == SiteAlarms.TwoMasters)
                .Select(alarm => $"{alarm.Sentence} {alarm.Remedy}")
        );
        return new HealthStatus(problems.Count == 0, problems);
    }

    /// <summary>GET /cluster: whether a majority names a master that is one, and more.</summary>
    public (bool IsRuled, ClusterStatus Status) Cluster() =>
        _look is { Facts: var facts }
            ? (
                IsFresh && facts is { IsMastered: true, IsFailingOver: false },
                SiteStatus.Of(facts, Self, (long)Age!.Value.TotalMilliseconds, IsFresh ? null : Stale)
            )
            : (false, SiteStatus.OfNothing(settings.Redis.ServiceName!, Self, NoLook));

    private ServerState? Own(SiteFacts facts) => facts.Sight.Redis.FirstOrDefault(server => server.Address == Self);

    private static (bool, RoleStatus) Nothing() => (false, new RoleStatus(MemberRole.Unreachable, NoLook, 0));

    private string Stale =>
        $"This watcher has not looked for {Words.Duration(Age ?? default)}: it stands still, or its host is too busy.";
}
