using System.Globalization;
using ShopCluster.Check;

namespace FullCluster.Check;

/// <summary>The table, printed while the story goes on, and the verdict at its end.</summary>
internal static class StoryTable
{
    public static void PrintHead() =>
        Line($"  {"", -58} {"gap", 9} {"requests", 9} {"lost", 6} {"stale", 6} {"revived", 8} {"merged", 7}");

    public static void Print(StoryLine line) =>
        Line(
            $"  {line.Step, -58} {Milliseconds(line.Gap), 9} {line.Requests, 9:N0} {"", 6} {line.Stale, 6:N0} "
                + $"{line.Revived, 8:N0} {line.Merged, 7:N0}"
        );

    /// <summary>Prints the sum and the verdict. The result is the exit code.</summary>
    public static int PrintEnd(IReadOnlyList<StoryLine> lines, Tally tally, CartAudit audit)
    {
        var (merged, longest) = (lines.Sum(line => line.Merged), lines.Max(line => line.Gap));
        Line(
            $"  {$"{audit.Carts} carts compared at nginx and both nodes", -58} {Milliseconds(longest), 9} "
                + $"{tally.Answered, 9:N0} {audit.Lost, 6:N0} {tally.Stale, 6:N0} {tally.Returned, 8:N0} {merged, 7:N0}"
        );
        Line($"");
        foreach (var witness in tally.Witnesses)
        {
            Line($"  ! {witness}");
        }

        List<string> reasons = [];
        if (tally.GaveUp > 0)
        {
            reasons.Add($"{tally.GaveUp} requests were answered by nobody");
        }

        if (tally.Foreign > 0)
        {
            reasons.Add($"{tally.Foreign} lines of somebody else were shown");
        }

        // What only the dead master had came back by the merge, or this run has shown nothing.
        if (merged == 0)
        {
            reasons.Add("nothing was merged, so this run proves nothing");
        }

        reasons.ForEach(reason => Line($"  ! {reason}"));
        var isGood = audit.Lost + tally.Stale + tally.Returned == 0 && reasons.Count == 0;
        Line(
            $"{(isGood ? "OK" : "FAILED")}: {audit.Lost:N0} lost, {tally.Stale:N0} stale, {tally.Returned:N0} revived"
        );
        return isGood ? 0 : 1;
    }

    private static string Milliseconds(TimeSpan? gap) =>
        gap is { } time ? time.TotalMilliseconds.ToString("N0", CultureInfo.InvariantCulture) + " ms" : "-";

    private static void Line(string line) => Console.WriteLine(line);
}
