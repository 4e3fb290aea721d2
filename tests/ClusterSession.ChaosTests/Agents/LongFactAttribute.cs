using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>A test that measures, and runs under <c>./test --long</c> only.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LongFactAttribute : FactAttribute
{
    public LongFactAttribute()
    {
        if (Environment.GetEnvironmentVariable("CLUSTERSESSION_LONG") != "1")
        {
            Skip = "Runs for minutes: ./test --long, or CLUSTERSESSION_LONG=1.";
        }
    }
}
