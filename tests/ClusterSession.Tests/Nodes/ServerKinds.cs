using ClusterSession.TestKit.Nodes;
using Xunit;

namespace ClusterSession.Tests.Nodes;

/// <summary>The servers that a test runs on.</summary>
internal static class ServerKinds
{
    /// <summary>The two that are real.</summary>
    public static TheoryData<ServerKind> Real => [ServerKind.TestServer, ServerKind.Kestrel];

    /// <summary>Those, and the orders of callbacks of the two that only Windows has.</summary>
    public static TheoryData<ServerKind> All =>
        [ServerKind.TestServer, ServerKind.Kestrel, ServerKind.LikeIis, ServerKind.LikeHttpSys];
}
