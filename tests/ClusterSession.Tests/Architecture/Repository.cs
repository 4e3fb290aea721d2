using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace ClusterSession.Tests.Architecture;

/// <summary>The repository's files, found from this file's own place.</summary>
internal static partial class Repository
{
    private static readonly string[] Generated =
    [
        "bin",
        "obj",
        ".git",
        "TestResults",
        "node_modules",
        "artifacts",
        ".demo",
    ];

    public static string Root { get; } = FindRoot();

    /// <summary>
    /// All files with this extension, as paths relative to the root with slashes.
    /// </summary>
    public static IEnumerable<string> Files(string extension, string under = "") =>
        Walk(new DirectoryInfo(Path.Combine(Root, under)))
            .Where(file => extension == "" || file.Extension == extension)
            .Select(file => Path.GetRelativePath(Root, file.FullName).Replace('\\', '/'))
            .Order(StringComparer.Ordinal);

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>The lines of a source file without comments and string contents.</summary>
    public static string[] Code(string path) =>
        [.. Read(path).Split('\n').Select(line => Comment().Replace(Text().Replace(line, "\"\""), ""))];

    private static IEnumerable<FileInfo> Walk(DirectoryInfo directory) =>
        directory
            .EnumerateFiles()
            .Concat(directory.EnumerateDirectories().Where(inner => !Generated.Contains(inner.Name)).SelectMany(Walk));

    private static string FindRoot([CallerFilePath] string here = "")
    {
        var directory = new DirectoryInfo(File.Exists(here) ? Path.GetDirectoryName(here)! : AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "ClusterSession.slnx")))
        {
            directory = directory.Parent
                ?? throw new InvalidOperationException("The repository's root is not above the tests.");
        }

        return directory.FullName;
    }

    [GeneratedRegex("//.*$")]
    private static partial Regex Comment();

    [GeneratedRegex("\"(?:[^\"\\\\]|\\\\.)*\"")]
    private static partial Regex Text();
}
