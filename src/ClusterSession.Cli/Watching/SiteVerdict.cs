using System.Globalization;
using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Watching;

/// <summary>
/// From a sight of a Sentinel site to what a person needs to know: one sentence, why, what happens
/// by itself, what to do. Pure.
/// </summary>
internal static class SiteVerdict
{
    /// <summary>Who looks may be cut off, and the others promote one in just that case.</summary>
    private const string Elsewhere = "Whether others have a majority, and promote another one, is not seen from here.";

    public static Verdict Of(SiteFacts facts)
    {
        var alarms = SiteAlarms.Of(facts);
        return facts switch
        {
            { Responding.Count: 0 } => OfNobody(facts, alarms),
            { Master: null } => NoMajority(facts, alarms),
            { DeposedBy: { } newer } => Deposed(facts, newer, alarms),
            { IsMastered: true, OtherMasters.Count: > 0 } => TwoMasters(facts, alarms),
            { IsMastered: false } => NoMaster(facts, alarms),
            _ => Mastered(facts, alarms),
        };
    }

    private static Verdict OfNobody(SiteFacts facts, IReadOnlyList<Alarm> alarms) =>
        new(
            Health.Unknown,
            "No Sentinel is responding: who is the master is unknown.",
            string.Join(" ", facts.Sight.Sentinels.Select(one => $"{one.Address}: {one.Problem}")),
            null,
            $"Nodes stay with the master that they know. {Elsewhere}",
            "See that the Sentinels run, and that this computer reaches them with the connection string's password.",
            alarms
        );

    private static Verdict NoMajority(SiteFacts facts, IReadOnlyList<Alarm> alarms)
    {
        var masters = facts.OtherMasters.Select(server => server.Address).ToArray();
        return new Verdict(
            Health.Down,
            "No majority of the Sentinels names one master.",
            SentinelAlarms.NoMajority(facts),
            null,
            masters.Length == 0
                ? $"No Redis in sight says that it is a master. {Elsewhere}"
                : $"{Words.List(masters)} "
                    + (masters.Length == 1 ? "says that it is a master" : "say that they are masters")
                    + $". Nodes stay with the master that they know. {Elsewhere}",
            alarms[0].Remedy,
            alarms
        );
    }

    private static Verdict Deposed(SiteFacts facts, SentinelState newer, IReadOnlyList<Alarm> alarms) =>
        new(
            Health.Down,
            $"{facts.Master} is deposed: {newer.Address} names {newer.Master} in a newer configuration.",
            $"{facts.Agreeing.Count} of {facts.AllSentinels} Sentinels have not heard of it yet.",
            null,
            $"They take it over, mostly within a second. Nodes go to {newer.Master} at once; no watcher says that its "
                + "Redis is the primary until a majority names it.",
            alarms[0].Remedy,
            alarms
        )
        {
            Missing = facts.IsMastered
                ? $"What clients write into {facts.Master}, until it is demoted: it is wiped when it follows "
                    + $"{newer.Master}."
                : null,
        };

    private static Verdict TwoMasters(SiteFacts facts, IReadOnlyList<Alarm> alarms) =>
        new(
            Health.Down,
            $"{facts.OtherMasters.Count + 1} masters: {facts.Master} is the one that the Sentinels name, and "
                + $"{Words.List(facts.OtherMasters.Select(other => other.Address))} "
                + $"{(facts.OtherMasters.Count == 1 ? "says that it is one" : "say that they are")} too.",
            "It was cut off, frozen or started anew while another one was promoted, or was made a master by hand.",
            null,
            "The Sentinels demote it, about ten seconds after they have seen it.",
            alarms[0].Remedy,
            alarms
        )
        {
            Missing = string.Join(" ", facts.OtherMasters.Select(other => SiteAlarms.Lost(facts, other))),
        };

    private static Verdict NoMaster(SiteFacts facts, IReadOnlyList<Alarm> alarms) =>
        new(
            Health.Down,
            facts.MasterServer?.Problem is null
                ? $"No master: {facts.Master}, which the Sentinels name, says that it is a replica."
                : $"No master: {facts.Master}, which the Sentinels name, is not responding.",
            facts.MasterServer?.Problem,
            null,
            (
                facts.IsFailingOver
                    ? "The Sentinels replace it."
                    : "The Sentinels replace it when a quorum holds it for down."
            ) + string.Concat(facts.OtherMasters.Select(other => $" {other.Address} says that it is a master by now.")),
            alarms.Count > 0 ? alarms[0].Remedy : "Ask again in a few seconds.",
            alarms
        );

    private static Verdict Mastered(SiteFacts facts, IReadOnlyList<Alarm> alarms)
    {
        var sentinels =
            facts.Agreeing.Count == facts.AllSentinels
                ? string.Create(CultureInfo.InvariantCulture, $"all {facts.AllSentinels} Sentinels agree")
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"{facts.Agreeing.Count} of {facts.AllSentinels} Sentinels agree"
                );
        return new Verdict(
            alarms.Count == 0 ? Health.Healthy : Health.Degraded,
            $"{facts.Master} is the master; {sentinels}; {Followers(facts)}"
                + (
                    facts.IsFailingOver ? " A failover is under way."
                    : facts.IsFinishing ? " A failover is being finished."
                    : ""
                ),
            null,
            null,
            null,
            alarms.Count == 0 ? "Nothing." : alarms[0].Remedy,
            alarms
        );
    }

    private static string Followers(SiteFacts facts)
    {
        var missing = facts
            .Replicas.Where(replica => !facts.IsFollowing(replica))
            .Select(replica => $"{replica.Address} {SiteAlarms.Deficit(facts, replica)}")
            .ToArray();
        return (facts.Replicas.Count, missing.Length) switch
        {
            (0, _) => "there is no replica.",
            (1, 0) => $"{facts.Replicas[0].Address} follows.",
            (var all, 0) => string.Create(CultureInfo.InvariantCulture, $"all {all} replicas follow."),
            (var all, var some) => string.Create(
                CultureInfo.InvariantCulture,
                $"{all - some} of {all} replicas {(all - some == 1 ? "follows" : "follow")}: "
            ) + $"{string.Join("; ", missing)}.",
        };
    }
}
