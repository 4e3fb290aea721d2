using System.IO.Compression;
using System.Reflection.Metadata;
using System.Text;
using Xunit;

namespace ClusterSession.IntegrationTests.Packages;

/// <summary>Which version a package has, and where its symbols say that the sources are.</summary>
public sealed class VersionTests : IDisposable
{
    private const string Project = "src/ClusterSession";
    private static readonly Guid SourceLink = new("CC110556-A091-4D38-9FEC-25AB9A351A6A");

    private readonly TemporaryDirectory _directory = new();

    private string Clone => _directory.File("clone");

    [Fact]
    public async Task Shallow_clone_without_tags_packs_a_preview_without_a_warning()
    {
        await CloneAsync("--depth", "1");
        await Dotnet.RunAsync(
            Clone,
            [
                "pack",
                Project,
                "-c",
                "Release",
                "-v",
                "q",
                "-nologo",
                "-warnaserror",
                "-o",
                "feed",
                "-p:RunAnalyzers=false",
            ]
        );
        var symbols = Assert.Single(Directory.GetFiles(Path.Combine(Clone, "feed"), "*.snupkg"));
        Assert.Matches(@"^ClusterSession\.0\.1\.0-alpha\.0(\.\d+)?$", Path.GetFileNameWithoutExtension(symbols));

        var commit = (await Dotnet.RunProgramAsync("git", Clone, "rev-parse", "HEAD")).Trim();
        Assert.Contains(
            $"https://raw.githubusercontent.com/example/cluster-session/{commit}/*",
            ReadSourceLink(symbols),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("v0.1.0", "0.1.0")]
    [InlineData("v12.3.4-rc.1", "12.3.4-rc.1")]
    [InlineData("of-something-else", "0.1.0-alpha.0")]
    public async Task Version_is_that_of_the_tag(string tag, string version)
    {
        await CloneAsync("--depth", "1");
        await Dotnet.RunProgramAsync("git", Clone, "tag", tag);
        Assert.Equal(version, await VersionAsync());
    }

    [Fact]
    public async Task Sources_without_a_repository_have_a_version_without_a_warning()
    {
        await CloneAsync("--depth", "1");
        Directory.Move(Path.Combine(Clone, ".git"), _directory.File("elsewhere"));
        Assert.Equal("0.1.0-alpha.0", await VersionAsync());
    }

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();

    private async Task CloneAsync(params string[] options)
    {
        var repository = new Uri(PackedFeed.Repository).AbsoluteUri;
        string[] clone = ["clone", "--quiet", "--no-tags", .. options, repository, Clone];
        await Dotnet.RunProgramAsync("git", _directory.Path, clone);
        string[] publish = ["remote", "set-url", "origin", "https://github.com/example/cluster-session.git"];
        await Dotnet.RunProgramAsync("git", Clone, publish);
    }

    private async Task<string> VersionAsync()
    {
        string[] ask = ["msbuild", Project, "-restore", "-nologo", "-t:MinVer", "-warnaserror"];
        return (await Dotnet.RunAsync(Clone, [.. ask, "-getProperty:PackageVersion"])).Trim();
    }

    private static string ReadSourceLink(string symbols)
    {
        using var archive = ZipFile.OpenRead(symbols);
        using var entry = archive.GetEntry("lib/net10.0/ClusterSession.pdb")!.Open();
        using var bytes = new MemoryStream();
        entry.CopyTo(bytes);
        bytes.Position = 0;
        using var pdb = MetadataReaderProvider.FromPortablePdbStream(bytes);
        var reader = pdb.GetMetadataReader();
        var link = reader
            .GetCustomDebugInformation(EntityHandle.ModuleDefinition)
            .Select(reader.GetCustomDebugInformation)
            .Single(information => reader.GetGuid(information.Kind) == SourceLink);
        return Encoding.UTF8.GetString(reader.GetBlobBytes(link.Value));
    }
}
