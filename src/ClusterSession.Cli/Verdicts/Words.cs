using System.Globalization;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Verdicts;

/// <summary>Numbers, times and lists as people read them.</summary>
internal static class Words
{
    private const long Kilobyte = 1024;

    /// <summary>What commands begin with.</summary>
    public const string Command = "cluster-session failover";

    public static string List(IEnumerable<string> names)
    {
        var all = names.ToArray();
        return all.Length < 2 ? string.Concat(all) : $"{string.Join(", ", all[..^1])} and {all[^1]}";
    }

    /// <summary>How far a merge is.</summary>
    public static string Merging(MergeStatus merge) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"merging {merge.Scanned:N0} of ~{Math.Max(merge.Of, merge.Scanned):N0} records into {merge.Into}"
        );

    public static string Bytes(long bytes) =>
        bytes switch
        {
            < 10 * Kilobyte => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
            < 10 * Kilobyte * Kilobyte => string.Create(CultureInfo.InvariantCulture, $"{bytes / Kilobyte} KiB"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / Kilobyte / Kilobyte} MiB"),
        };

    public static string Duration(TimeSpan time) =>
        time switch
        {
            { Ticks: < 0 } => "0 ms",
            { TotalSeconds: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalMilliseconds} ms"),
            { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s"),
            { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.Minutes} min {time.Seconds} s"),
            { TotalDays: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.Hours} h {time.Minutes} min"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalDays} d {time.Hours} h"),
        };

    /// <summary>Until when a member is passed over, and what promotes it all the same.</summary>
    public static string Bar(PromotionLine line, string when = "") =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{line.Member} was promoted {line.Count} times within the flapping window, and is passed over "
                + $"{Until(line)}, since another candidate has its data (\"{Command} now\" promotes it all the "
                + $"same{when})"
        );

    /// <summary>Until when a member is passed over, as a part of a sentence.</summary>
    public static string Until(PromotionLine line) =>
        line.BarredUntil is { } until ? $"until {Time(until)}" : "while it lasts";

    /// <summary>How many of the coordination store's members must reach each other.</summary>
    public static string StoreMajority(ClusterStatus status) =>
        status.Store.Name is null ? "two of its three servers" : "more than half of its servers";

    /// <summary>Who votes in the coordination store.</summary>
    public static string StoreMembers(ClusterStatus status)
    {
        var agents = status.Members.Select(member => member.Name).ToArray();
        return status.Store.Voter is { } voter ? $"the agents of {List(agents)}, and the voter ({voter})"
            : agents.Length == 3 ? $"the agents of {List(agents)}"
            : "agents, and the voter if there is one";
    }

    public static string Time(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A moment, and how long ago it was.</summary>
    public static string Since(DateTimeOffset at, DateTimeOffset? now) =>
        now is { } present ? $"{Time(at)} ({Duration(present - at)} ago)" : Time(at);
}
