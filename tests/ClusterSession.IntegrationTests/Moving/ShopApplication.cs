using System.IO.Compression;
using System.Security.Cryptography;
using ClusterSession.IntegrationTests.Packages;
using ClusterSession.IntegrationTests.Pages;
using Xunit;

namespace ClusterSession.IntegrationTests.Moving;

/// <summary>
/// An MVC application as <c>dotnet new mvc</c> makes it, with the patch beside this file:
/// <c>AddSession</c> over Redis, a login, antiforgery, TempData in the session. It lies outside of
/// the repository, and finds the packages in a folder.
/// </summary>
internal sealed class ShopApplication : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private ShopApplication() { }

    /// <summary>The directory of its project.</summary>
    public string Project => _directory.File("Shop");

    /// <summary>Makes it; it is not built yet.</summary>
    public static async Task<ShopApplication> CreateAsync(PackedFeed feed)
    {
        var shop = new ShopApplication();
        File.Copy(Path.Combine(PackedFeed.Repository, "global.json"), shop._directory.File("global.json"));
        await File.WriteAllTextAsync(shop._directory.File("nuget.config"), shop.NuGetConfig(feed));
        await Dotnet.RunAsync(shop._directory.Path, "new", "mvc", "-o", "Shop", "--no-restore", "--no-update-check");
        foreach (var name in new[] { "Program.cs", "Shop.csproj" })
        {
            var file = Path.Combine(shop.Project, name);
            var text = await File.ReadAllTextAsync(file);
            await File.WriteAllTextAsync(file, text.Replace("\r", "", StringComparison.Ordinal));
        }

        var tests = Path.Combine(PackedFeed.Repository, "tests", "ClusterSession.IntegrationTests");
        var patch = Path.Combine(tests, "Moving", "add-session.patch");
        await Dotnet.RunProgramAsync("git", shop.Project, "apply", patch);
        return shop;
    }

    /// <summary>Builds it.</summary>
    public Task BuildAsync() =>
        Dotnet.RunAsync(Project, "build", "-c", "Release", "-v", "q", "-nologo", "-warnaserror", "-p:NuGetAudit=false");

    /// <summary>Starts a node of what was built last, on a free port.</summary>
    public async Task<WebNode> StartAsync(RedisServer redis)
    {
        Directory.CreateDirectory(_directory.File("keys"));
        return await WebNode.StartAsync(
            Path.Combine(Project, "bin", "Release", "net10.0", "Shop.dll"),
            Project,
            new Dictionary<string, string>
            {
                ["DataProtectionKeys"] = _directory.File("keys"),
                ["ConnectionStrings__Redis"] = redis.Endpoint,
                ["ClusterSession__Redis"] = redis.Endpoint,
            }
        );
    }

    /// <summary>What it runs with is what was packed.</summary>
    public void RunsWith(string package)
    {
        var id = Path.GetFileName(package).Split(".999.")[0];
        using var archive = ZipFile.OpenRead(package);
        using var packed = archive.GetEntry($"lib/net10.0/{id}.dll")!.Open();
        var running = File.ReadAllBytes(Path.Combine(Project, "bin", "Release", "net10.0", $"{id}.dll"));
        Assert.Equal(SHA256.HashData(packed), SHA256.HashData(running));
    }

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();

    // A packages folder of its own for what is tested; the machine's packages are only read.
    private string NuGetConfig(PackedFeed feed) =>
        $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{_directory.File("packages")}" /></config>
              <fallbackPackageFolders><add key="machine" value="{MachinesPackages()}" /></fallbackPackageFolders>
              <packageSources><add key="packed" value="{feed.Folder}" /></packageSources>
            </configuration>
            """;

    private static string MachinesPackages()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var folder = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(home, ".nuget", "packages");
        return Directory.CreateDirectory(folder).FullName;
    }
}
