using System.Runtime.CompilerServices;
using Xunit;

namespace ClusterSession.IntegrationTests.Samples;

/// <summary>A test that runs under <c>./test --long</c> only.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LongFactAttribute : FactAttribute
{
    public LongFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        if (Environment.GetEnvironmentVariable("CLUSTERSESSION_LONG") != "1")
        {
            Skip = "Takes ten seconds of a processor: ./test --long, or CLUSTERSESSION_LONG=1.";
        }
    }
}
