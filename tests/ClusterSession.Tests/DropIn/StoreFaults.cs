using ClusterSession.Stores;
using ClusterSession.TestKit.Stores;

namespace ClusterSession.Tests.DropIn;

/// <summary>What the stores of both do not do now: the script says so.</summary>
internal sealed class StoreFaults
{
    private FaultyStore? _store;
    private HangingStore? _hanging;

    public bool NoReads { get; private set; }

    public bool NoWrites { get; private set; }

    public bool NoTouches { get; private set; }

    /// <summary>Whether what is asked is not answered at all.</summary>
    public bool Hangs { get; private set; }

    public IClusterSessionStore Over(IClusterSessionStore inner, TimeProvider time, TimeSpan timeout) =>
        _hanging = new HangingStore(_store = new FaultyStore(inner), time, timeout);

    /// <summary>
    /// Sets what fails from now on: <c>reads</c>, <c>writes</c>, <c>touches</c>, <c>hangs</c>, or
    /// <c>nothing</c>.
    /// </summary>
    public void Set(string failing)
    {
        NoReads = failing.Contains("reads", StringComparison.Ordinal);
        NoWrites = failing.Contains("writes", StringComparison.Ordinal);
        NoTouches = failing.Contains("touches", StringComparison.Ordinal);
        Hangs = failing.Contains("hangs", StringComparison.Ordinal);
        if (_store is not null)
        {
            _hanging!.Hangs = Hangs;
            _store.Failing =
                (NoReads ? StoreOperations.Read : 0)
                | (NoTouches ? StoreOperations.Touch : 0)
                | (NoWrites ? StoreOperations.Commit | StoreOperations.Merge : 0);
        }
    }
}
