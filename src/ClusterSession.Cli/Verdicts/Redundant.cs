using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Cli.Verdicts;

/// <summary>Why nobody could replace the master, and what helps against each cause.</summary>
internal static class Redundant
{
    /// <summary>What to do, the quickest first.</summary>
    public static string Remedy(ClusterFacts facts)
    {
        var candidates = facts.Others.Where(member => member.Kind == MemberKind.Candidate).ToArray();
        return candidates.Length == 0
            ? $"Name another candidate in the settings of all agents, and take it: {Words.Command} adopt."
            : string.Join(
                " ",
                candidates
                    .Select(member => Remedy(facts, member))
                    .OrderBy(remedy => remedy.Order)
                    .Select(remedy => remedy.Text)
            );
    }

    private static (int Order, string Text) Remedy(ClusterFacts facts, ClusterMemberStatus member)
    {
        var name = member.Name;
        return member switch
        {
            { IsReachable: false, IsAgentAlive: false } => (0, $"Start Redis and agent of {name}."),
            { IsReachable: false } => (0, $"Start the Redis of {name}."),
            { IsAgentAlive: false } => (0, $"Start the agent of {name}."),
            { Merge.State: MergeState.Failed } => (
                1,
                $"See why the merge of {name} fails: the list of alarms says it."
            ),
            _ when facts.IsUnmerged(member) => (2, $"Wait: {name} follows when what only it has was merged."),
            { Role: MemberRole.Replica, IsLinkUp: false } => (
                1,
                $"See that {name} reaches the Redis of {facts.Master?.Name ?? "the master"}: its log says why it is "
                    + "not connected, or still being filled."
            ),
            _ => (1, $"Wait until {name} follows; if it does not, look at the log of its agent."),
        };
    }
}
