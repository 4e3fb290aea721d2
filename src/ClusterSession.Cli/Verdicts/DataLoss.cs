using System.Globalization;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Cli.Verdicts;

/// <summary>
/// What is said of data that only one member has. The command that destroys it is in the list
/// of data not merged and nowhere else.
/// </summary>
internal static class DataLoss
{
    /// <summary>
    /// How much the master lacks of what was written on members that do not respond; null: nothing
    /// is known to be missing.
    /// </summary>
    public static string? Missing(ClusterFacts facts, ClusterMemberStatus master)
    {
        var sentences = facts
            .Others.Where(member => !member.IsReachable && facts.IsUnmerged(member))
            .Select(member => $"{Missing(member, master.Name)} It is merged when {member.Name} is back.")
            .ToArray();
        return sentences.Length == 0
            ? null
            : $"{string.Join(" ", sentences)} Nodes replay what they committed themselves shortly before.";
    }

    private static string Missing(ClusterMemberStatus member, string master) =>
        member.LastSeen switch
        {
            { AheadBytes: > 0 and var bytes } seen =>
                $"{Words.Bytes(bytes)} that {master} did not have at {Words.Time(seen.At)}, when {member.Name} "
                    + "responded last, and what it wrote after that.",
            { AheadBytes: 0 } seen =>
                $"At most what {member.Name} wrote after {Words.Time(seen.At)}, when it responded last: until then "
                    + $"{master} has everything.",
            _ => $"It is not known how much {member.Name} wrote that {master} lacks.",
        };

    /// <summary>What to do with a member that has such data.</summary>
    public static string Keep(ClusterFacts facts, string member) =>
        $"Keep {member} as it is: {Merging(facts, member)} "
        + (
            WhyNot(facts, member) is { } why
                ? why
                : "How its data is discarded instead is in the list of data not merged."
        );

    /// <summary>How far the merge of that data is.</summary>
    private static string Merging(ClusterFacts facts, string member) =>
        facts.Status.Members.FirstOrDefault(other => other.Name == member)?.Merge switch
        {
            { State: MergeState.Running } merge => $"{Words.Merging(merge)}.",
            { State: MergeState.Failed } merge => $"its merge into {merge.Into} failed and begins again. {merge.Why}"
                + (merge.NotSetAside is { } why ? $" {why}" : ""),
            { State: MergeState.Merged } merge => $"it was merged into {merge.Into} and is about to follow it.",
            _ => facts.Status.Members.Any(other =>
                other.Name == member && other is { IsReachable: true, IsAgentAlive: false }
            )
                ? "what only it has is merged when its agent runs."
                : "what only it has is merged by itself when both respond.",
        };

    /// <summary>How that data is discarded, and what before; or why not now.</summary>
    public static string Discard(ClusterFacts facts, string member) =>
        $"It is merged by itself when it and its agent respond and there is a master. If it is not to be, copy the "
        + $"files of {member} away (the directory is dir in its redis.conf) before you discard its data. "
        + (
            WhyNot(facts, member) is { } why
                ? why
                : $"To destroy what only {member} has: {Words.Command} discard {member}"
        );

    /// <summary>What a merge leaves behind, as a sentence; empty: nothing.</summary>
    public static string LeftBehind(MergeStatus? merge) =>
        merge is not { ForeignKeys: > 0 }
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture,
                $" It also holds {merge.ForeignKeys:N0} {(merge.ForeignKeys == 1 ? "key" : "keys")} of other "
                    + $"applications, which are not merged and are gone when it follows: give them a Redis of "
                    + $"their own."
            );

    /// <summary>What becomes of such a member.</summary>
    public static string Stays(ClusterFacts facts, string member) =>
        facts.Status.Members.Any(other => other.Name == member && !other.IsReachable)
            ? "It stays closed when it responds, and is not wiped."
            : "It stays closed, and is not wiped.";

    /// <summary>
    /// Whether a member that is not responding can be forgotten, or what would be lost by it.
    /// </summary>
    public static string Forget(ClusterFacts facts, ClusterMemberStatus member)
    {
        var usable = facts
            .Others.Where(other => other is { IsReachable: true, IsAgentAlive: true })
            .Select(facts.EpochOf)
            .DefaultIfEmpty(0)
            .Max();
        return facts.IsUnmerged(member)
                ? $"Do not forget {member.Name}: its data, which others may lack, would be lost with it. The "
                    + "command is refused until that data was discarded."
            : facts.Master is null && (facts.EpochOf(member) == 0 || facts.EpochOf(member) >= usable)
                ? $"Do not forget {member.Name} while there is no master: it may have the newest data, which would be "
                    + "lost with it."
            : $"If it no longer exists: {Words.Command} forget {member.Name}";
    }

    /// <summary>
    /// Where nobody is master, members out of sight whose data may be as new: the other copies.
    /// </summary>
    private static IReadOnlyList<string> Unseen(ClusterFacts facts, string member)
    {
        var own = facts.Others.Where(other => other.Name == member).Select(facts.EpochOf).FirstOrDefault();
        return facts.Master is not null
            ? []
            :
            [
                .. facts
                    .Others.Where(other =>
                        other.Name != member
                        && other.Kind == MemberKind.Candidate
                        && !(other.IsReachable && other.IsAgentAlive)
                        && (facts.EpochOf(other) is 0 || facts.EpochOf(other) >= own)
                    )
                    .Select(other => other.Name),
            ];
    }

    /// <summary>Why its data must not be discarded now; null: it may be.</summary>
    private static string? WhyNot(ClusterFacts facts, string member) =>
        !facts.Status.Store.IsReachable
            ? "Do not discard its data before the coordination store responds: until then it is not known who has what."
        : Unseen(facts, member) is { Count: > 0 } unseen
            ? $"Do not discard its data while {Words.List(unseen)} {(unseen.Count == 1 ? "is" : "are")} not "
                + $"responding: {member} may have the only copy left."
        : null;
}
