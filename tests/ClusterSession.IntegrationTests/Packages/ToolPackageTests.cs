using Xunit;

namespace ClusterSession.IntegrationTests.Packages;

/// <summary>The command line as users get it.</summary>
[Collection(PackedCollection.Name)]
public sealed class ToolPackageTests(PackedFeed feed)
{
    [Fact]
    public async Task Tool_is_installed_from_its_package_and_runs()
    {
        using var directory = new TemporaryDirectory();
        await Dotnet.RunAsync(
            directory.Path,
            "tool",
            "install",
            "ClusterSession.Cli",
            "--tool-path",
            directory.File("tools"),
            "--version",
            feed.Version,
            "--source",
            feed.Folder
        );
        var help = await Dotnet.RunProgramAsync(
            Path.Combine(directory.File("tools"), "cluster-session"),
            directory.Path,
            "failover",
            "--help"
        );
        Assert.Contains("cluster-session failover [command]", help, StringComparison.Ordinal);
        Assert.Contains("switch", help, StringComparison.Ordinal);
    }
}
