using System.Globalization;

namespace ShopCluster.Check;

/// <summary>The table at the end, and the verdict.</summary>
internal sealed class CheckReport(DemoCluster cluster, Tally tally, CartAudit audit, TimeSpan elapsed)
{
    // A run that did too little proves nothing, whatever it did not find. The limits are far below
    // what a slow machine does.
    private const int LeastAnswers = 1000;
    private const int LeastMoves = 300;
    private const double LeastShare = 0.05;

    /// <summary>Prints both. The result is the exit code.</summary>
    public int Print()
    {
        Line($"");
        Line($"  {"node", -8} {"requests", 10} {"share", 8} {"local copy", 12} {"kill -9", 9}");
        foreach (var node in cluster.Nodes)
        {
            var seen = tally.Node(node.Name);
            Line(
                $"  {node.Name, -8} {seen.Answered, 10:N0} {Percent(seen.Answered, tally.Answered), 8} {Percent(seen.FromLocalCopy, seen.Answered), 12} {node.Kills, 9}"
            );
        }

        Line($"");
        Row("requests", tally.Answered, $"answered in {elapsed.TotalSeconds:N1} s, {tally.Writes:N0} of them writes");
        Row("node changes", tally.Moves, "times a client's next request was answered by another node");
        Row("kills", cluster.Nodes.Sum(node => node.Kills), "each node once, under load, and brought back");
        Row("passed on", tally.PassedOn, "by nginx, from a node that had died to the next one");
        Row("retries", tally.Retries, "by clients, with the same line id");
        Row("gave up", tally.GaveUp, "requests that nobody answered");
        Row("carts", audit.Carts, $"compared through nginx and on every node: {audit.Lines:N0} lines");
        Row("lost", audit.Lost, "lines acknowledged, and missing at the end");
        Row("stale", tally.Stale, "answers that lacked what had been acknowledged before");
        Row("returned", tally.Returned, "lines that had been removed, and were there again");
        Row("foreign", tally.Foreign, "lines of someone else");
        Line($"");

        foreach (var witness in tally.Witnesses)
        {
            Line($"  ! {witness}");
        }

        var vacuous = Vacuous().ToList();
        foreach (var reason in vacuous)
        {
            Line($"  ! this run proves nothing: {reason}");
        }

        var good = audit.Lost + tally.Stale + tally.Returned + tally.Foreign + tally.GaveUp == 0 && vacuous.Count == 0;
        Line($"{(good ? "OK" : "FAILED")}: {audit.Lost:N0} lost, {tally.Stale:N0} stale");
        return good ? 0 : 1;
    }

    private IEnumerable<string> Vacuous()
    {
        if (tally.Answered < LeastAnswers)
        {
            yield return $"{tally.Answered} requests are fewer than {LeastAnswers}";
        }

        if (tally.Moves < LeastMoves)
        {
            yield return $"{tally.Moves} changes of the node are fewer than {LeastMoves}";
        }

        if (tally.PassedOn + tally.Retries == 0)
        {
            yield return "no request met a dead node";
        }

        foreach (var node in cluster.Nodes)
        {
            if (node.Kills == 0)
            {
                yield return $"{node.Name} was never killed";
            }

            if (tally.Node(node.Name).Answered < LeastShare * tally.Answered)
            {
                yield return $"{node.Name} answered hardly any request";
            }
        }
    }

    private static void Row(string name, long number, string meaning) =>
        Line($"  {name, -14} {number, 8:N0}   {meaning}");

    private static void Line(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static string Percent(long part, long whole) =>
        whole == 0 ? "-" : (100.0 * part / whole).ToString("N1", CultureInfo.InvariantCulture) + " %";
}
