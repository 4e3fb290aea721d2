using System.Net.NetworkInformation;
using System.Runtime.CompilerServices;
using Xunit;

namespace ClusterSession.Cli.Tests.Generating;

/// <summary>
/// A test that asks keepalived, which takes scripts as root only and checks that the interface is
/// there.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KeepalivedTheoryAttribute : TheoryAttribute
{
    public KeepalivedTheoryAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        if (Interface is null || !Environment.IsPrivilegedProcess || ServerBinary.TryFind("keepalived") is null)
        {
            Skip = "Needs root, keepalived and a network interface besides the loopback.";
        }
    }

    /// <summary>A network interface of this machine; null: it has but the loopback.</summary>
    public static string? Interface { get; } =
        NetworkInterface
            .GetAllNetworkInterfaces()
            .FirstOrDefault(one =>
                one.NetworkInterfaceType != NetworkInterfaceType.Loopback
                && one.OperationalStatus == OperationalStatus.Up
            )
            ?.Name;
}
