using System.Globalization;

namespace ClusterSession.Failover.Notifying;

/// <summary>One call of keepalived's notify command, and which of two came later.</summary>
/// <remarks>
/// keepalived starts a process for each and waits for none, so that a later one may be the first to
/// run. What tells them apart is when the kernel made their processes, in ticks of 10 ms since the
/// boot, and within a tick their number. A notice of an earlier boot counts for nothing.
/// </remarks>
/// <param name="Boot">Which boot of the host.</param>
/// <param name="Started">When its process was made, in ticks since that boot.</param>
/// <param name="Process">Number of the process.</param>
/// <param name="State">What keepalived has become.</param>
internal sealed record Notice(string Boot, long Started, int Process, NotifiedState State)
{
    private const int StartedField = 19;
    private const char Separator = '_';

    /// <summary>Of the process that runs this; Linux only, as keepalived is.</summary>
    /// <exception cref="IOException">The kernel does not say.</exception>
    public static Notice Own(NotifiedState state)
    {
        // The name of the program may hold blanks; fields are counted behind it.
        var line = File.ReadAllText("/proc/self/stat");
        var fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
        return new Notice(
            CurrentBoot(),
            long.Parse(fields[StartedField], CultureInfo.InvariantCulture),
            Environment.ProcessId,
            state
        );
    }

    /// <summary>The kernel's name of this boot.</summary>
    public static string CurrentBoot() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>Whether keepalived has said this one after the other.</summary>
    public bool IsAfter(Notice other) => (Started, Process).CompareTo((other.Started, other.Process)) > 0;

    /// <summary>As the name of a file.</summary>
    public override string ToString() =>
        string.Join(
            Separator,
            Boot,
            Started.ToString(CultureInfo.InvariantCulture),
            Process.ToString(CultureInfo.InvariantCulture),
            State
        );

    /// <summary>Reads the name of a file; null: it is none.</summary>
    public static Notice? Read(string name) =>
        name.Split(Separator) is [var boot, var started, var process, var state]
        && long.TryParse(started, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
        && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && Enum.TryParse<NotifiedState>(state, out var value)
            ? new Notice(boot, ticks, number, value)
            : null;
}
