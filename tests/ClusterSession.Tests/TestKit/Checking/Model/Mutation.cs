using ClusterSession.Histories;

namespace ClusterSession.Tests.TestKit.Checking.Model;

/// <summary>One wrong event in an otherwise good history.</summary>
/// <param name="Rules">The rules of which at least one must be reported.</param>
/// <param name="Apply">The broken history, or null if this history has no place for this
/// mistake.</param>
internal sealed record Mutation(string Name, string[] Rules, Func<History, Random, History?> Apply)
{
    public override string ToString() => Name;
}
