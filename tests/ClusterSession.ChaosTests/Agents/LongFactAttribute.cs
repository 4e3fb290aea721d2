using System.Runtime.CompilerServices;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>A test that measures, and runs under <c>./test --long</c> only.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LongFactAttribute : FactAttribute
{
    /// <param name="needsNamespaces">Whether it makes network namespaces.</param>
    public LongFactAttribute(
        bool needsNamespaces = false,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = -1
    )
        : base(file, line)
    {
        if (Environment.GetEnvironmentVariable("CLUSTERSESSION_LONG") != "1")
        {
            Skip = "Runs for minutes: ./test --long, or CLUSTERSESSION_LONG=1.";
        }
        else if (needsNamespaces && !SplitBrainNet.CanBeMade)
        {
            Skip = "Needs root and the ip command.";
        }
    }
}
