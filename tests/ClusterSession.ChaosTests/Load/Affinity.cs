namespace ClusterSession.ChaosTests.Load;

internal enum Affinity
{
    /// <summary>Each request goes to any node.</summary>
    None,

    /// <summary>
    /// A session stays at one node until that node fails it, then goes on at the next.
    /// </summary>
    Sticky,
}
