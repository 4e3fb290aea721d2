using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Watching;

/// <summary>
/// What the watcher of a Sentinel site answers, computed at the moment of the question.
/// Thread-safe.
/// </summary>
/// <remarks>
/// Two watchers never answer /primary with 200 at once. Two majorities have a Sentinel in common,
/// and each of its configurations is newer than the one before. So every look that shows the older
/// one, by whichever watcher, began before the first look ended that shows the newer one:
/// <code>
/// former  ...look: a, 6 |-- LookLife --|
/// next             look: b, 7          |
///                              |-- LookLife --| 200
/// </code>
/// A look counts from its begin and for LookLife; a configuration is answered with 200 LookLife
/// after the end of the look that showed it first. Looks in between do not matter: a look without a
/// majority neither begins this wait anew nor ends what an earlier look has shown. The settings
/// have to be alike on all watchers.
/// </remarks>
/// <param name="settings">Which Redis is beside this watcher, and the times.</param>
/// <param name="clock">Counts durations, while the machine is suspended too.</param>
internal sealed class SentinelWatch(SentinelWatchSettings settings, TimeProvider clock) : IFace
{
    private const string NoLook = "The watcher has not looked at its site yet.";
    private const string Setting = $"{SentinelSection.Name}:RedisAddress";

    private static readonly string[] Unhealthy =
    [
        SiteAlarms.AddressDiffers,
        SentinelAlarms.Newer,
        SiteAlarms.TwoMasters,
    ];

    private volatile SentinelLook? _look;

    /// <summary>The last look; null: there was none yet.</summary>
    public SentinelLook? Look => _look;

    /// <summary>
    /// Whether the loop goes on, for systemd: the last look is at most two LookLife old.
    /// </summary>
    public bool IsAlive => _look is { } look && AgeOf(look) <= settings.LookLife + settings.LookLife;

    private string? Self => settings.Own?.ToString();

    /// <summary>How old a look is.</summary>
    public TimeSpan AgeOf(SentinelLook look) => clock.GetElapsedTime(look.BeganAt);

    /// <summary>Takes what was seen.</summary>
    /// <param name="sight">What was seen.</param>
    /// <param name="beganAt">A timestamp of the clock, from before the look.</param>
    public void Took(SiteSight sight, long beganAt)
    {
        var (facts, known) = (new SiteFacts(sight), _look?.Known);
        if (facts.Master is { } master)
        {
            var since =
                known is not null && (known.Address, known.Epoch) == (master, facts.Epoch)
                    ? known.Since
                    : clock.GetTimestamp();
            known = new KnownMaster(master, facts.Epoch, beganAt, since);
        }

        _look = new SentinelLook(facts, beganAt, known);
    }

    /// <inheritdoc/>
    public (bool Is, RoleStatus Status) Primary()
    {
        if (_look is not { Facts: var facts } look)
        {
            return Nothing();
        }

        // One moment for all: between two a thread may pause, and what is fresh at the first is not
        // at the second.
        var now = clock.GetTimestamp();
        var (own, named) = (Own(facts), Named(look, now));
        var (isPrimary, reason) = own switch
        {
            _ when Stale(look, now) is { } stale => (false, stale),
            null => (false, NotOwn(facts)),
            _ when named is null => (false, NoMaster(facts)),
            _ when named.Address != Self => (false, $"The Sentinels name {named.Address}."),
            _ when facts.Newer(named.Address, named.Epoch) is { } newer => (
                false,
                SentinelAlarms.Deposed(newer, named.Address, named.Epoch)
            ),
            _ when IsDoubted(facts) => (false, $"The Sentinels hold {Self} for down, or replace it."),
            { Problem: { } problem } => (false, $"{Self} is not responding: {problem}"),
            { Role: not MemberRole.Master } => (false, $"{Self} says that it is a {own.Role}."),
            _ when clock.GetElapsedTime(named.Since, now) <= settings.LookLife => (
                false,
                $"{Self} was named only now: the watcher of the former master may not have seen it yet."
            ),
            _ when facts.Master is null => (
                true,
                $"The Sentinels named {Self} {Words.Duration(clock.GetElapsedTime(named.SeenAt, now))} ago, and it is "
                    + "a master."
            ),
            _ => (true, $"{facts.Agreeing.Count} of {facts.AllSentinels} Sentinels name {Self}, which is a master."),
        };
        return (isPrimary, new RoleStatus(own?.Role ?? MemberRole.Unreachable, reason, facts.Epoch));
    }

    /// <inheritdoc/>
    public (bool Is, RoleStatus Status) Replica(long? most)
    {
        if (_look is not { Facts: var facts } look)
        {
            return Nothing();
        }

        var (own, now) = (Own(facts), clock.GetTimestamp());
        var lag = own is null ? null : facts.LagBytes(own);
        var (isReplica, reason) = own switch
        {
            _ when Stale(look, now) is { } stale => (false, stale),
            null => (false, NotOwn(facts)),
            { Problem: { } problem } => (false, $"{Self} is not responding: {problem}"),
            { Role: not MemberRole.Replica } => (false, $"{Self} says that it is a {own.Role}."),
            { IsLinkUp: false } => (false, $"{Self} is not connected to its master, or not complete yet."),
            _ when Named(look, now) is null => (false, NoMaster(facts)),
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
        if (_look is not { Facts: var facts } look)
        {
            return new HealthStatus(false, [NoLook]);
        }

        var (problems, now) = (new List<string>(), clock.GetTimestamp());
        if (Stale(look, now) is { } stale)
        {
            problems.Add(stale);
        }

        if (Own(facts) is { Problem: { } problem })
        {
            problems.Add(
                $"{Self} is not responding. See that it runs, and that the application's user may log in. {problem}"
            );
        }

        if (facts.Master is null && Named(look, now) is null)
        {
            problems.Add($"{NoMaster(facts)} See that they run and reach each other.");
        }

        problems.AddRange(
            SiteAlarms
                .Of(facts)
                .Where(alarm => Unhealthy.Contains(alarm.Name))
                .Select(alarm => $"{alarm.Sentence} {alarm.Remedy}")
        );
        return new HealthStatus(problems.Count == 0, problems);
    }

    /// <summary>GET /cluster: whether a majority names a master that is one, and more.</summary>
    public (bool IsRuled, ClusterStatus Status) Cluster()
    {
        if (_look is not { Facts: var facts } look)
        {
            return (false, SiteStatus.OfNothing(settings.Redis.ServiceName!, Self, NoLook));
        }

        var now = clock.GetTimestamp();
        var (age, stale) = (clock.GetElapsedTime(look.BeganAt, now), Stale(look, now));
        return (stale is null && facts.IsRuled, SiteStatus.Of(facts, Self, (long)age.TotalMilliseconds, stale));
    }

    private ServerState? Own(SiteFacts facts) => facts.Sight.Redis.FirstOrDefault(server => server.Address == Self);

    private static (bool, RoleStatus) Nothing() => (false, new RoleStatus(MemberRole.Unreachable, NoLook, 0));

    private static string NotOwn(SiteFacts facts) =>
        facts.Sight.OwnName is { } name
            ? $"The Sentinels name the Redis of this host {name}. Set {Setting} to that."
            : $"{Setting} names no Redis.";

    private static string NoMaster(SiteFacts facts) =>
        $"No majority of the Sentinels names one master. {SentinelAlarms.NoMajority(facts)}".TrimEnd();

    /// <summary>
    /// Without a majority the doubt of any Sentinel counts, whichever master it means.
    /// </summary>
    private static bool IsDoubted(SiteFacts facts) =>
        facts.IsFailingOver || (facts.Master is null && facts.Responding.Any(sentinel => sentinel.IsFailingOver));

    /// <summary>The master that a majority names in a look that still counts; null: none.</summary>
    private KnownMaster? Named(SentinelLook look, long now) =>
        look.Known is { } known && clock.GetElapsedTime(known.SeenAt, now) <= settings.LookLife ? known : null;

    /// <summary>Why the look does not count any more; null: it does.</summary>
    private string? Stale(SentinelLook look, long now)
    {
        var age = clock.GetElapsedTime(look.BeganAt, now);
        return age <= settings.LookLife
            ? null
            : $"This watcher has not looked for {Words.Duration(age)}: it stands still, or its host is too busy.";
    }
}
