using System.Runtime.CompilerServices;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>A test that needs network namespaces, so root, and keepalived.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KeepalivedFactAttribute : FactAttribute
{
    /// <param name="isLong">Whether it runs under <c>./test --long</c> only.</param>
    public KeepalivedFactAttribute(
        bool isLong = false,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = -1
    )
        : base(file, line)
    {
        if (isLong && Environment.GetEnvironmentVariable("CLUSTERSESSION_LONG") != "1")
        {
            Skip = "Runs for half a minute: ./test --long, or CLUSTERSESSION_LONG=1.";
        }

        if (!SplitBrainNet.CanBeMade || ServerBinary.TryFind("keepalived") is null)
        {
            Skip = "Needs root, the ip command and keepalived.";
        }
    }
}
