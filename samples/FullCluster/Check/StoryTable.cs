using System.Globalization;

namespace FullCluster.Check;

/// <summary>The table, printed while the story goes on.</summary>
internal static class StoryTable
{
    public static void PrintHead() =>
        Line($"  {"", -58} {"gap", 9} {"requests", 9} {"lost", 6} {"stale", 6} {"revived", 8} {"merged", 7}");

    public static void Print(StoryLine line) =>
        Line(
            $"  {line.Step, -58} {Milliseconds(line.Gap), 9} {line.Requests, 9:N0} {"", 6} {line.Stale, 6:N0} "
                + $"{line.Revived, 8:N0} {line.Merged, 7:N0}"
        );

    public static string Milliseconds(TimeSpan? gap) =>
        gap is { } time ? time.TotalMilliseconds.ToString("N0", CultureInfo.InvariantCulture) + " ms" : "-";

    private static void Line(string line) => Console.WriteLine(line);
}
