using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace ClusterSession.Failover.Time;

/// <summary>
/// A clock that nobody sets and that goes on while the machine is suspended: leases are counted by
/// it. CLOCK_MONOTONIC, behind the timestamps of .NET on Linux, stands still in suspend, and a
/// holder that wakes would take an old lease for a running one.
/// </summary>
internal sealed partial class BoottimeClock : TimeProvider
{
    private const int ClockBoottime = 7;
    private const long NanosecondsPerSecond = 1_000_000_000;

    private BoottimeClock() { }

    /// <summary>This clock where the system has it, else the system's own timestamps.</summary>
    public static TimeProvider Instance { get; } = OperatingSystem.IsLinux() ? new BoottimeClock() : System;

    /// <inheritdoc/>
    public override long TimestampFrequency => NanosecondsPerSecond;

    /// <inheritdoc/>
    [SupportedOSPlatform("linux")]
    public override long GetTimestamp() =>
        Read(ClockBoottime, out var time) == 0
            ? (time.Seconds * NanosecondsPerSecond) + time.Nanoseconds
            : throw new InvalidOperationException(
                $"clock_gettime(CLOCK_BOOTTIME) failed with errno {Marshal.GetLastPInvokeError()}. Leases need it."
            );

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Read(int clock, out Timespec time);

    /// <summary>struct timespec of 64-bit systems.</summary>
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
