using System.Globalization;

namespace ClusterSession.MacroBenchmarks.Servers;

/// <summary>
/// What a process has used so far, from /proc; the same measure for every runtime.
/// </summary>
internal static class ProcessCpu
{
    private const double MicrosecondsPerTick = 1e6 / 100; // USER_HZ is 100 on every Linux that .NET runs on.

    /// <summary>User and system time of all threads in microseconds, exact to 10 ms.</summary>
    public static double Microseconds(int pid)
    {
        // pid (name) state ppid ...: the name may hold blanks and parentheses.
        var text = File.ReadAllText($"/proc/{pid}/stat");
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return (Number(fields[11]) + Number(fields[12])) * MicrosecondsPerTick;
    }

    /// <summary>Resident memory in MiB.</summary>
    public static double ResidentMiB(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status")
            .First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
