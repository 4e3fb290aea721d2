using System.Runtime.CompilerServices;

namespace ClusterSession.Cli.Tests;

/// <summary>The repository of these tests.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    private static string Find([CallerFilePath] string here = "")
    {
        var directory = new DirectoryInfo(File.Exists(here) ? Path.GetDirectoryName(here)! : AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "ClusterSession.slnx")))
        {
            directory = directory.Parent
                ?? throw new InvalidOperationException("The repository's root is not above the tests.");
        }

        return directory.FullName;
    }
}
