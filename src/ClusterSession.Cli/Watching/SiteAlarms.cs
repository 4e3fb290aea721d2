using System.Globalization;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Watching;

/// <summary>What needs attention on a Sentinel site, the most urgent first. Pure.</summary>
internal static class SiteAlarms
{
    /// <summary>The most dangerous one.</summary>
    public const string TwoMasters = "two-masters";

    /// <summary>A watcher cannot speak for its Redis.</summary>
    public const string AddressDiffers = "redis-address-differs";

    private const string MasterLost = "master-not-responding";
    private const string NotConnected = "replica-not-connected";

    public static IReadOnlyList<Alarm> Of(SiteFacts facts) =>
        [
            .. facts.DeposedBy is null ? Masters(facts) : [], // The Sentinels' alarm says it.
            .. SentinelAlarms.Of(facts),
            .. Address(facts),
            .. Replicas(facts),
            .. Redundancy(facts),
            .. Writes(facts),
        ];

    /// <summary>Why a replica does not follow the master; null: it does.</summary>
    public static string? Deficit(SiteFacts facts, ServerState replica) =>
        replica switch
        {
            { Problem: not null } => "is not responding",
            _ when facts.FollowsAnother(replica) => $"follows {replica.Follows ?? "nobody"}",
            { IsLinkUp: false } => "is not connected to its master",
            _ => null,
        };

    private static IEnumerable<Alarm> Address(SiteFacts facts)
    {
        if (facts.Sight.OwnName is { } name)
        {
            yield return New(
                AddressDiffers,
                $"The Sentinels name the Redis of this host {name}, and {SentinelSection.Name}:RedisAddress "
                    + "names it otherwise.",
                $"Set RedisAddress to {name}. Until then /primary and /replica are 503."
            );
        }
    }

    private static IEnumerable<Alarm> Masters(SiteFacts facts)
    {
        foreach (var other in facts.OtherMasters.Where(_ => facts.IsMastered))
        {
            yield return New(
                TwoMasters,
                $"{other.Address} says that it is a master, and {facts.Master} is the one that the Sentinels name.",
                $"Keep clients away from {other.Address} that do not ask the Sentinels. To keep what only it has, give "
                    + $"before it is demoted: cluster-session merge --from {other.Address} --into {facts.Master} "
                    + "--prefix (KeyPrefix of the application)."
            );
        }

        if (facts.Master is { } master && facts.MasterServer is { } server && !facts.IsMastered)
        {
            yield return server.Problem is { } problem
                ? New(
                    MasterLost,
                    $"{master}, which the Sentinels name, is not responding: {problem}",
                    facts.IsFailingOver
                        ? "Wait: the Sentinels find another one. If they do not, see that a replica responds."
                        : "See that it runs, and that this computer reaches it with the user of the connection string."
                )
                : New(
                    "master-says-replica",
                    $"{master}, which the Sentinels name, says that it is a replica.",
                    "Wait: the Sentinels finish a failover. If it stays for seconds, its log says who made it one."
                );
        }

        if (facts.IsFailingOver)
        {
            yield return New(
                "failover-under-way",
                $"The Sentinels hold {facts.Master} for down, or replace it.",
                "Wait. A failover that does not get on is begun again after twice failover-timeout."
            );
        }
    }

    private static IEnumerable<Alarm> Replicas(SiteFacts facts)
    {
        foreach (var replica in facts.Replicas)
        {
            if (Deficit(facts, replica) is not { } deficit)
            {
                continue;
            }

            var (name, remedy) = replica switch
            {
                { Problem: { } problem } => (
                    "replica-not-responding",
                    $"See that {replica.Address} runs, and that this computer reaches it. {problem} Where it is gone "
                        + "for good, give the Sentinels SENTINEL RESET name, one by one."
                ),
                _ when facts.FollowsAnother(replica) => (
                    "replica-follows-another",
                    $"Wait: the Sentinels lead {replica.Address} to the master within about ten seconds. If they do "
                        + "not, see that they reach it."
                ),
                _ => (
                    NotConnected,
                    $"See that {replica.Address} reaches {replica.Follows}: its log says why it is not connected, or "
                        + "still being filled."
                ),
            };
            yield return New(name, $"The replica {replica.Address} {deficit}{Since(replica)}.", remedy) with
            {
                Causes = name == NotConnected && !facts.IsMastered ? [MasterLost] : null,
            };
        }
    }

    private static IEnumerable<Alarm> Redundancy(SiteFacts facts)
    {
        if (facts.IsRuled && !facts.Following.Any(replica => replica.Priority != 0))
        {
            yield return New(
                "nobody-to-promote",
                $"Nobody can be promoted if {facts.Master} fails: no replica with a priority above 0 follows it.",
                "Bring a replica back, or give one a replica-priority above 0."
            );
        }
    }

    /// <summary>With a single replica it would stop all writes where that one fails.</summary>
    private static IEnumerable<Alarm> Writes(SiteFacts facts)
    {
        if (facts is { IsMastered: true, MasterServer.NeedsReplicas: false, Replicas.Count: > 1 })
        {
            yield return New(
                "writes-without-replicas",
                $"{facts.Master} has {facts.Replicas.Count} replicas, and takes writes without any: what it takes when "
                    + "it is cut off is lost.",
                "Set min-replicas-to-write 1 and min-replicas-max-lag 1 on every Redis."
            );
        }
    }

    /// <summary>What becomes of what a second master has.</summary>
    public static string Lost(SiteFacts facts, ServerState other) =>
        $"What clients write into {other.Address}, until it is demoted: it is wiped when it follows {facts.Master}."
        + (other.NeedsReplicas ? " It takes writes only while a replica follows it (min-replicas-to-write)." : "");

    private static string Since(ServerState replica) =>
        replica is { Role: MemberRole.Replica, IsLinkUp: false, SilentSeconds: { } seconds }
            ? $", for {Words.Duration(TimeSpan.FromSeconds(seconds))}"
            : "";

    public static Alarm New(string name, string sentence, string remedy) =>
        new(name, sentence, remedy) { Page = "docs/operations/sentinel.md#what-its-alarms-mean" };
}
