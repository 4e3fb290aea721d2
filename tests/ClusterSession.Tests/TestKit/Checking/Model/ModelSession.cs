using System.Collections.Immutable;
using ClusterSession.Histories;

namespace ClusterSession.Tests.TestKit.Checking.Model;

/// <summary>
/// A correct session store, small enough to be believed: one log of commits, and nodes that each
/// know a prefix of it. A node may be behind, but never behind the token of the request; a commit
/// brings its node to the end of the log. This is what the product promises under Merge: session
/// guarantees per client, one winner per attribute, convergence - and no more.
/// </summary>
internal sealed class ModelSession(int number, int nodes)
{
    private readonly List<ImmutableSortedDictionary<string, string>> _states =
    [
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal),
    ];
    private readonly int[] _known = new int[nodes];

    public int Number => number;

    public int Generation { get; private set; }

    public bool IsDestroyed { get; private set; }

    public int Last => _states.Count - 1;

    public bool Knows(int generation) => !IsDestroyed && generation == Generation;

    /// <summary>The version the node serves from, and its content.</summary>
    public (int Version, ImmutableSortedDictionary<string, string> State) Open(
        int node,
        int token,
        Random random,
        bool alwaysFresh
    )
    {
        var reach = alwaysFresh
            ? Last
            : _known[node] + (random.Next(3) == 0 ? random.Next(Last - _known[node] + 1) : 0);
        _known[node] = Math.Max(reach, token);
        return (_known[node], _states[_known[node]]);
    }

    /// <returns>The version of the commit; null if the session has ended or the cookie is
    /// dead.</returns>
    public int? Commit(int node, int generation, IEnumerable<Op> ops)
    {
        if (!Knows(generation))
        {
            return null;
        }
        var state = _states[^1];
        foreach (var op in ops)
        {
            state = op.Kind switch
            {
                OpKind.Set or OpKind.Append => state.SetItem(op.Key!, op.Value!),
                OpKind.Counter => state.SetItem(
                    op.Key!,
                    op.Number!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture)
                ),
                OpKind.Remove => state.Remove(op.Key!),
                _ => state,
            };
            IsDestroyed |= op.Kind == OpKind.Destroy;
            Generation += op.Kind == OpKind.Renew ? 1 : 0;
        }
        _states.Add(state);
        _known[node] = Last;
        return Last;
    }

    public void Settle() => Array.Fill(_known, Last);
}
