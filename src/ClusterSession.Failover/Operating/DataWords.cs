using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Operating;

/// <summary>
/// What operators read of data that a master lacks, and of the commands that destroy it.
/// </summary>
internal static class DataWords
{
    /// <summary>What plans say that destroy nothing.</summary>
    public const string NothingIsWiped =
        "Nothing is wiped: a member that has data that the master lacks follows nobody, and stays closed.";

    private const string Tool = "cluster-session failover";

    /// <summary>What to do before data is discarded.</summary>
    public static string CopyFirst(string member) =>
        $"Copy the files of {member} away first: once its data is discarded, nothing of it is merged any more.";

    /// <summary>What becomes of a former master whose data the next one may lack.</summary>
    public static string StaysClosed(string member) =>
        $"Where {member} responds, it stays closed (takes no "
        + "writes and follows nobody) and keeps that data until it was merged into the next master.";

    /// <summary>
    /// The command that destroys what only these members have, so that another becomes master.
    /// </summary>
    public static string LastResort(IReadOnlyList<string> members) =>
        $"Last resort, which destroys what only {string.Join(", ", members)} has got: {Tool} now "
        + string.Join(" ", members.Select(member => $"--discard {member}"));

    /// <summary>The command that destroys what only one member has.</summary>
    public static string Discard(string member) =>
        $"Last resort, which destroys what only {member} has got: {Tool} discard {member}";

    /// <summary>Since when a member's data is out of touch with the master's.</summary>
    public static string Known(UnmergedData line) =>
        $"The data of {line.Member} has been out of touch since {line.Since:u}.";
}
