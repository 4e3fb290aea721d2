using FullCluster.Check.Fates;
using ShopCluster.Check;

namespace FullCluster.Check;

/// <summary>The sum below the table, what was compared, and the verdict.</summary>
/// <param name="tally">What the clients have seen.</param>
/// <param name="lines">The lines of the table.</param>
/// <param name="copies">What the read replicas were found to have.</param>
/// <param name="known">The sessions of which each has a fate of its own.</param>
internal sealed class StoryReport(
    Tally tally,
    IReadOnlyList<StoryLine> lines,
    IReadOnlyList<string> copies,
    IReadOnlyList<KnownSession> known
)
{
    /// <summary>Prints all of it. The result is the exit code.</summary>
    /// <param name="audit">What was found of the carts.</param>
    /// <param name="lostOfKnown">What is missing of the known sessions.</param>
    public int Print(CartAudit audit, int lostOfKnown)
    {
        var (merged, longest, lost) = (
            lines.Sum(line => line.Merged),
            lines.Max(line => line.Gap),
            audit.Lost + lostOfKnown
        );
        Line(
            $"  {$"{audit.Carts} carts compared at nginx and both nodes", -58} "
                + $"{StoryTable.Milliseconds(longest), 9} {tally.Answered, 9:N0} {lost, 6:N0} {tally.Stale, 6:N0} "
                + $"{tally.Returned, 8:N0} {merged, 7:N0}"
        );
        var (ended, grown) = (
            known.Count(session => session.HasEnded),
            known.Count(session => session.Notes.Values.Sum(note => note.Length) > 64 * 1024)
        );
        Line(
            $"  {known.Count} more sessions compared there and in the master: {grown} beyond 64 KiB, {ended} ended, "
                + "others rotated, logged in, or changed on both sides"
        );
        foreach (var copy in copies)
        {
            Line($"  {copy}");
        }

        Line("");
        foreach (var witness in tally.Witnesses)
        {
            Line($"  ! {witness}");
        }

        var reasons = Reasons(merged).ToList();
        reasons.ForEach(reason => Line($"  ! {reason}"));
        var isGood = lost + tally.Stale + tally.Returned == 0 && reasons.Count == 0;
        Line($"{(isGood ? "OK" : "FAILED")}: {lost:N0} lost, {tally.Stale:N0} stale, {tally.Returned:N0} revived");
        return isGood ? 0 : 1;
    }

    private IEnumerable<string> Reasons(long merged)
    {
        if (tally.GaveUp > 0)
        {
            yield return $"{tally.GaveUp} requests were answered by nobody";
        }

        if (tally.Foreign > 0)
        {
            yield return $"{tally.Foreign} lines of somebody else were shown";
        }

        // What only the dead master had came back by the merge, or this run has shown nothing.
        if (merged == 0)
        {
            yield return "nothing was merged, so this run proves nothing";
        }
    }

    private static void Line(string line) => Console.WriteLine(line);
}
