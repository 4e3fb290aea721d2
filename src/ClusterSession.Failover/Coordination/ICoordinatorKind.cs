namespace ClusterSession.Failover.Coordination;

/// <summary>
/// A coordination store that a site has already, and that one setting names as <c>kind=text</c>. A
/// package registers it; without the setting agents are the store themselves.
/// </summary>
internal interface ICoordinatorKind
{
    /// <summary>What comes before the <c>=</c>.</summary>
    string Name { get; }

    /// <summary>
    /// What is wrong with what comes behind the <c>=</c>; null: nothing. The sentence contains no
    /// secret.
    /// </summary>
    string? Fault(string text);

    /// <summary>The store as people are told of it, without secrets.</summary>
    string Shown(string text);

    /// <summary>The coordinator; it reaches for the store when it is asked first.</summary>
    IFailoverCoordinator Create(string text);
}
