using ClusterSession.Stores;

namespace ClusterSession.TestKit.Conformance;

/// <summary>Two nodes' stores over the same data, and how to end them.</summary>
/// <param name="A">One node's store; nobody observes it yet.</param>
/// <param name="B">Another node's store; nobody observes it yet.</param>
/// <param name="Disposing">Ends both and what is behind them.</param>
public sealed record StorePair(IClusterSessionStore A, IClusterSessionStore B, Func<ValueTask> Disposing)
    : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Disposing();
}
