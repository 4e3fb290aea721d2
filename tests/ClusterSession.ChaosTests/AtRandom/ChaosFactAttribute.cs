using System.Runtime.CompilerServices;
using Xunit;

namespace ClusterSession.ChaosTests.AtRandom;

/// <summary>
/// A run that only <c>./chaos</c> starts, because it takes as long as one likes. Anywhere else it
/// is skipped and counted as such.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ChaosFactAttribute : FactAttribute
{
    public ChaosFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("CLUSTERSESSION_CHAOS_MINUTES")))
        {
            Skip = "Runs for as long as one likes: ./chaos --minutes N --seed S.";
        }
    }
}
