using System.Runtime.CompilerServices;
using Xunit;

namespace ClusterSession.Cli.Tests.Generating;

/// <summary>Skipped where systemd is not installed, as in most containers.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SystemdTheoryAttribute : TheoryAttribute
{
    public SystemdTheoryAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line) =>
        Skip = ServerBinary.TryFind("systemd-analyze") is null ? "systemd-analyze is not installed" : null;
}
