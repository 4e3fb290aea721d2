using ClusterSession.Failover.Coordination;

namespace ClusterSession.Failover.Options;

/// <summary>Checks that the settings of the coordination store fit each other.</summary>
internal static class StoreRules
{
    private const string Path = FailoverConfiguration.Section + ":";
    private const int StoreMembers = 3;
    private const int LeastMembers = 2;

    public static IEnumerable<string> Of(FailoverOptions options, IEnumerable<ICoordinatorKind> kinds) =>
        options.Coordinator is { } setting ? Elsewhere(options, setting, kinds) : Own(options);

    /// <summary>The agents, and a voter where there are two, are the store.</summary>
    private static IEnumerable<string> Own(FailoverOptions options)
    {
        if (options.Store().Count() != StoreMembers)
        {
            yield return $"{Path}Members has {options.Members.Count} agents, and Voter is '{options.Voter}'. Name two "
                + "members and a voter, or three members: the coordination store has three, of which one may be down. "
                + "Or name a store that the site has already: Coordinator.";
        }

        if (options.Voter is not null && !FailoverValidator.IsAddress(options.Voter))
        {
            yield return $"{Path}Voter is '{options.Voter}'. Set it to an address such as "
                + "'https://voter.example:7400', without path or query.";
        }

        if (!options.IsFollower && string.IsNullOrWhiteSpace(options.Directory))
        {
            yield return $"{Path}Directory is '{options.Directory}'. Set it to a directory of this agent alone, on a "
                + "disk that is kept over restarts.";
        }
    }

    /// <summary>A follower does not reach it, and asks the agents.</summary>
    private static IEnumerable<string> Elsewhere(
        FailoverOptions options,
        string setting,
        IEnumerable<ICoordinatorKind> kinds
    )
    {
        if (!options.IsFollower && CoordinatorSetting.Fault(setting, kinds) is { } fault)
        {
            yield return $"{Path}Coordinator cannot be used. {fault}";
        }

        if (options.Voter is not null)
        {
            yield return $"{Path}Voter is '{options.Voter}', and Coordinator names a store that has votes of its own. "
                + "Leave Voter out, and end its process.";
        }

        if (options.Members.Count < LeastMembers)
        {
            yield return $"{Path}Members has {options.Members.Count} agents. Name two or more: one takes over where "
                + "another one fails.";
        }
    }
}
