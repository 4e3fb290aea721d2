using System.Globalization;
using ClusterSession.Cli.Verdicts;

namespace ClusterSession.Cli.Watching;

/// <summary>What needs attention of the Sentinels, the most urgent first. Pure.</summary>
internal static class SentinelAlarms
{
    /// <summary>
    /// A Sentinel has a newer configuration than the majority. If it names another master there,
    /// the master that the majority names is deposed.
    /// </summary>
    public const string Newer = "newer-configuration";

    public static IEnumerable<Alarm> Of(SiteFacts facts) =>
        [.. Ahead(facts), .. Majority(facts), .. Silent(facts), .. Twice(facts), .. Behind(facts)];

    /// <summary>That one Sentinel has a newer configuration than the majority.</summary>
    /// <param name="newer">The Sentinel.</param>
    /// <param name="master">Whom the majority names.</param>
    /// <param name="epoch">In which configuration.</param>
    public static string Deposed(SentinelState newer, string master, long epoch) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"The Sentinel {newer.Address} names {newer.Master} in a newer configuration (epoch {newer.Epoch}) than "
                + $"the majority, which names {master} (epoch {epoch}): a failover has deposed {master}."
        );

    /// <summary>Why there is no majority for a master.</summary>
    public static string NoMajority(SiteFacts facts) =>
        facts.Responding.Count < facts.Majority
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{facts.Responding.Count} of {facts.AllSentinels} Sentinels "
                    + $"{(facts.Responding.Count == 1 ? "responds" : "respond")}, and a majority takes "
                    + $"{facts.Majority}."
            )
        : facts.Responding.All(sentinel => sentinel.Master is null) ? $"They know no master {facts.Sight.Service}."
        : $"They name {Words.List(Named(facts))}.";

    /// <summary>With the configurations where these alone tell them apart.</summary>
    private static IEnumerable<string> Named(SiteFacts facts)
    {
        var masters = facts.Responding.Select(one => one.Master ?? "none").Distinct().ToArray();
        var both = facts
            .Responding.Select(one =>
                one.Master is { } master
                    ? string.Create(CultureInfo.InvariantCulture, $"{master} (epoch {one.Epoch})")
                    : "none"
            )
            .Distinct()
            .ToArray();
        return both.Length > masters.Length ? both : masters;
    }

    private static IEnumerable<Alarm> Ahead(SiteFacts facts)
    {
        foreach (var sentinel in facts.Dissenting.Where(one => one.Epoch > facts.Epoch))
        {
            yield return SiteAlarms.New(
                Newer,
                sentinel.Master == facts.Master
                    ? Difference(facts, sentinel)
                    : Deposed(sentinel, facts.Master!, facts.Epoch),
                $"Wait: within seconds the others take over what {sentinel.Address} has. If they do not, see that they "
                    + "reach it."
            );
        }
    }

    private static IEnumerable<Alarm> Majority(SiteFacts facts)
    {
        if (facts.Master is null && facts.Responding.Count > 0)
        {
            yield return SiteAlarms.New(
                "no-majority",
                NoMajority(facts),
                facts.Responding.All(sentinel => sentinel.Master is null)
                    ? "Correct serviceName in the connection string, or give each Sentinel SENTINEL MONITOR."
                    : "Bring Sentinels back, or the network to them, until more than half answer and name one master."
            );
        }

        var quorum = facts.Responding.Select(sentinel => sentinel.Quorum).DefaultIfEmpty().Max();
        if (facts.Master is not null && quorum > facts.Responding.Count)
        {
            yield return SiteAlarms.New(
                "quorum-out-of-reach",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{quorum} Sentinels have to agree that the master is down (quorum), and {facts.Responding.Count} "
                        + $"answer this computer: where no more run, nobody is promoted if it fails."
                ),
                "Bring Sentinels back, or lower the quorum: SENTINEL SET name quorum number, on each of them."
            );
        }

        var named = facts.Sight.Sentinels.Count - facts.NamedTwice.Count();
        if (facts.AllSentinels > named)
        {
            yield return SiteAlarms.New(
                "sentinels-not-named",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The connection string names {named} Sentinels, {facts.AllSentinels} are "
                        + $"known to exist: the others count as silent."
                ),
                "Name all of them. Where one is gone for good, give the others SENTINEL RESET name, one by one."
            );
        }
    }

    private static IEnumerable<Alarm> Silent(SiteFacts facts)
    {
        foreach (var sentinel in facts.Sight.Sentinels.Where(one => one.Problem is not null))
        {
            yield return SiteAlarms.New(
                "sentinel-not-responding",
                $"The Sentinel {sentinel.Address} is not responding: {sentinel.Problem}",
                $"See that the Sentinel {sentinel.Address} runs, that this computer reaches it, and that "
                    + "sentinelUser and sentinelPassword are right."
            );
        }
    }

    private static IEnumerable<Alarm> Twice(SiteFacts facts)
    {
        foreach (var sentinel in facts.NamedTwice)
        {
            var other = facts.Responding.First(one => one.RunId == sentinel.RunId);
            yield return SiteAlarms.New(
                "sentinel-named-twice",
                $"The connection string names one Sentinel twice, {other.Address} and {sentinel.Address}. It counts "
                    + "once.",
                "Name each Sentinel once. While that one is silent, it counts as two that are."
            );
        }
    }

    private static IEnumerable<Alarm> Behind(SiteFacts facts)
    {
        foreach (var sentinel in facts.Dissenting.Where(one => one.Epoch <= facts.Epoch))
        {
            yield return SiteAlarms.New(
                "sentinel-alone",
                Difference(facts, sentinel),
                $"Wait: within seconds {sentinel.Address} takes over what the others have. If it does not, see that it "
                    + "reaches the others and every Redis, and that all have the same passwords."
            );
        }
    }

    private static string Difference(SiteFacts facts, SentinelState sentinel) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"The Sentinel {sentinel.Address} names {sentinel.Master ?? "no master"} (epoch {sentinel.Epoch}), and the "
                + $"majority {facts.Master} (epoch {facts.Epoch})."
        );
}
