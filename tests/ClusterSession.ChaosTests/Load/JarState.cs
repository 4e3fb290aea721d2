using ClusterSession.Histories;

namespace ClusterSession.ChaosTests.Load;

/// <summary>What a jar holds at one moment. This is also what a thief steals.</summary>
/// <param name="Cookie">The Cookie header, or null.</param>
/// <param name="Token">The version that the cookie carries, if the answer that set it said
/// so.</param>
internal readonly record struct JarState(int Session, string? Cookie, SeenVersion? Token, int Generation);
