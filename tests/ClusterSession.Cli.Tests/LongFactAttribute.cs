using Xunit;

namespace ClusterSession.Cli.Tests;

/// <summary>A test that takes long, and runs under <c>./test --long</c> only.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LongFactAttribute : FactAttribute
{
    public LongFactAttribute() =>
        Skip =
            Environment.GetEnvironmentVariable("CLUSTERSESSION_LONG") == "1"
                ? null
                : "Takes long: ./test --long, or CLUSTERSESSION_LONG=1.";
}
