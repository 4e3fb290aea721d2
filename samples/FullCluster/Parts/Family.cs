using System.Globalization;

namespace FullCluster.Parts;

/// <summary>The processes that a process has started, such as nginx's workers.</summary>
internal static class Family
{
    /// <summary>Its children, and not theirs.</summary>
    public static List<int> Of(int parent)
    {
        var children = new List<int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (
                int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && ParentOf(directory) == parent
            )
            {
                children.Add(pid);
            }
        }

        return children;
    }

    private static int ParentOf(string directory)
    {
        try
        {
            // "pid (name) state ppid ...", where the name may hold anything, parentheses as well.
            var stat = File.ReadAllText(Path.Combine(directory, "stat"));
            return int.Parse(stat[(stat.LastIndexOf(')') + 1)..].Split(' ')[2], CultureInfo.InvariantCulture);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
