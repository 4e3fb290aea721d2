using System.Runtime.CompilerServices;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Servers;

/// <summary>
/// A test that needs network namespaces, which only root can make. Anywhere else it is skipped and
/// counted as such.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        if (!SplitBrainNet.CanBeMade)
        {
            Skip = "Needs root and the ip command, for network namespaces.";
        }
    }
}
