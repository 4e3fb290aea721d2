using System.Diagnostics;
using System.Runtime.CompilerServices;
using Xunit;

namespace ClusterSession.IntegrationTests.Packages;

/// <summary>
/// The packages of this repository, packed once into a temporary folder. Their version is new with
/// each run and higher than any that is published, so that no older package of a cache or of
/// another source is used.
/// </summary>
public sealed class PackedFeed : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();

    /// <summary>All that is released, each after what it depends on.</summary>
    public static string[] Ids { get; } =
    [
        "ClusterSession",
        "ClusterSession.Transport",
        "ClusterSession.ZooKeeper",
        "ClusterSession.Redis",
        "ClusterSession.Failover",
        "ClusterSession.Failover.ZooKeeper",
        "ClusterSession.Failover.Etcd",
        "ClusterSession.Cli",
    ];

    /// <summary>The root of the repository.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The version of all packages of this run.</summary>
    public string Version { get; } = $"999.0.{Stopwatch.GetTimestamp() / Stopwatch.Frequency}";

    /// <summary>The folder with the packages: a source for NuGet.</summary>
    public string Folder => _directory.File("feed");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        // Outputs of its own: the build that the running tests come from is not touched.
        foreach (var id in Ids)
        {
            await Dotnet.RunAsync(
                Repository,
                "pack",
                Path.Combine("src", id),
                "-c",
                "Release",
                "-v",
                "q",
                "-nologo",
                "-o",
                Folder,
                "--artifacts-path",
                _directory.File("build"),
                $"-p:MinVerVersionOverride={Version}",
                "-p:RunAnalyzers=false"
            );
        }
    }

    /// <summary>The path of a package, or with another extension of its symbols.</summary>
    public string Package(string id, string extension = ".nupkg") => Path.Combine(Folder, $"{id}.{Version}{extension}");

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string FindRepository([CallerFilePath] string here = "")
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
