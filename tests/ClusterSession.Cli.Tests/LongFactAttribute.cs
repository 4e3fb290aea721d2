using System.Runtime.CompilerServices;
using Xunit;

namespace ClusterSession.Cli.Tests;

/// <summary>A test that takes long, and runs under <c>./test --long</c> only.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LongFactAttribute : FactAttribute
{
    public LongFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line) =>
        Skip =
            Environment.GetEnvironmentVariable("CLUSTERSESSION_LONG") == "1"
                ? null
                : "Takes long: ./test --long, or CLUSTERSESSION_LONG=1.";
}
