using ClusterSession.Histories;

namespace ClusterSession.Tests.TestKit.Checking.Model;

/// <summary>
/// The general search of Wing and Gong for one register: tries every order that real time allows,
/// remembering (set of operations done, value). Exponential, and therefore simple enough to be the
/// judge of the fast check.
/// </summary>
internal static class LinearizabilityOracle
{
    public static bool IsLinearizable(IReadOnlyList<HistoryEvent> events, string key)
    {
        var operations = events
            .Where(e => e.Result != RequestResult.Fail && e.Ops.Any(o => o.Key == key))
            .Where(e => e.Result == RequestResult.Ok || e.Ops[0].Kind == OpKind.Set)
            .ToList();
        var must = 0L;
        for (var i = 0; i < operations.Count; i++)
        {
            must |= operations[i].Result == RequestResult.Ok ? 1L << i : 0;
        }
        return Search(operations, must, 0, null, []);
    }

    private static bool Search(
        List<HistoryEvent> operations,
        long must,
        long done,
        string? value,
        HashSet<(long, string?)> failed
    )
    {
        if ((done & must) == must)
        {
            return true;
        }
        if (failed.Contains((done, value)))
        {
            return false;
        }
        for (var i = 0; i < operations.Count; i++)
        {
            if ((done & (1L << i)) != 0 || MustWait(operations, done, i))
            {
                continue;
            }
            var op = operations[i].Ops[0];
            if (
                op.Kind == OpKind.Set
                    ? Search(operations, must, done | (1L << i), op.Value, failed)
                    : op.Value == value && Search(operations, must, done | (1L << i), value, failed)
            )
            {
                return true;
            }
        }
        failed.Add((done, value));
        return false;
    }

    // Something not done yet ended before this one began.
    private static bool MustWait(List<HistoryEvent> operations, long done, int candidate)
    {
        for (var i = 0; i < operations.Count; i++)
        {
            if (i != candidate && (done & (1L << i)) == 0 && operations[i].Precedes(operations[candidate]))
            {
                return true;
            }
        }
        return false;
    }
}
