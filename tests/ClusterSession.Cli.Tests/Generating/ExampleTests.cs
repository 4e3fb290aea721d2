using ClusterSession.Cli.Generating;
using ClusterSession.Cli.Shell;
using Xunit;

namespace ClusterSession.Cli.Tests.Generating;

/// <summary>The files in <c>deploy/examples</c> are what the tool writes.</summary>
public sealed class ExampleTests
{
    private static readonly string Examples = Path.Combine(Repository.Root, "deploy", "examples");

    private const int WidestComment = 110;

    public static string Description(string example) =>
        File.ReadAllText(Path.Combine(Examples, example, "cluster.yaml"));

    [Theory]
    [InlineData("agents")]
    [InlineData("agents-tls")]
    [InlineData("etcd")]
    [InlineData("followers")]
    [InlineData("keepalived")]
    [InlineData("keepalived-alone")]
    [InlineData("sentinel")]
    [InlineData("zookeeper")]
    [InlineData("kubernetes", "--for", "kubernetes")]
    public async Task Examples_are_what_the_tool_writes(string example, params string[] more)
    {
        using var directory = new TemporaryDirectory();
        var committed = Path.Combine(Examples, example, "files");
        var written = Environment.GetEnvironmentVariable("CLUSTERSESSION_WRITE_SNAPSHOTS") == "1";
        var to = written ? committed : directory.Path;

        var run = await ToolRun.RunAsync([
            "config",
            "generate",
            Path.Combine(Examples, example, "cluster.yaml"),
            "--secrets",
            Path.Combine(Examples, example, "cluster-secrets.yaml"),
            "--out",
            to,
            .. more,
        ]);

        Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error));
        Assert.False(written, $"{committed} was written: read it.");
        Assert.Equal(Texts(committed), Texts(directory.Path));
    }

    [Fact]
    public void Loopback_has_no_other_host_and_no_other_directory()
    {
        var site = SiteReader.Read("cluster.yaml", Description("agents"), "/trial");

        Assert.All(SiteFiles.Of(site, SiteSecrets.New()), file =>
        {
            Assert.DoesNotContain("10.0.0.", file.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("/var/lib", file.Text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Unit_makes_the_directory_before_it_copies_into_it_and_merges_before_it_starts()
    {
        var text = $"{Description("sentinel")}\ndataDirectory: /srv/sessions\n";
        var site = SiteReader.Read("cluster.yaml", text, loopback: null);
        var unit = SiteFiles.Of(site, SiteSecrets.New()).Single(file => file.Path == "systemd/redis-1.service").Text;
        string[] steps = ["install -d ", "install -m 600 ", "sentinel merge --config ", "ExecStart="];
        var places = steps.Select(step => unit.IndexOf(step, StringComparison.Ordinal)).ToArray();
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
    }

    [Theory]
    [InlineData("agents")]
    [InlineData("agents-tls")]
    [InlineData("etcd")]
    [InlineData("followers")]
    [InlineData("keepalived")]
    [InlineData("keepalived-alone")]
    [InlineData("sentinel")]
    [InlineData("zookeeper")]
    public void Comments_of_generated_files_are_no_wider_than_a_reader_can_follow(string example)
    {
        var site = SiteReader.Read("cluster.yaml", Description(example), loopback: null);
        var wide = SiteFiles
            .Of(site, SiteSecrets.New())
            .SelectMany(file => file.Text.Split('\n').Select(line => (file.Path, Line: line)))
            .Where(line => line.Line.TrimStart().StartsWith('#') && line.Line.Length > WidestComment);
        Assert.Empty(wide.Select(line => $"{line.Path}: {line.Line}"));
    }

    [Theory]
    [InlineData("agents")]
    [InlineData("agents-tls")]
    [InlineData("etcd")]
    [InlineData("followers")]
    [InlineData("keepalived")]
    [InlineData("keepalived-alone")]
    [InlineData("sentinel")]
    [InlineData("zookeeper")]
    public void Every_file_has_a_host(string example)
    {
        var site = SiteReader.Read("cluster.yaml", Description(example), loopback: null);
        var files = SiteFiles.Of(site, SiteSecrets.New());
        var listed = files.Single(file => file.Path == "hosts.txt").Text.Split('\n').Select(line => line.Trim());
        Assert.Empty(files.Select(file => file.Path).Where(path => path != "hosts.txt").Except(listed));
    }

    private static (string Path, string Text)[] Texts(string directory) =>
        [
            .. Directory
                .EnumerateFiles(directory, "*", SearchOption.AllDirectories)
                .Select(file => (Path.GetRelativePath(directory, file), File.ReadAllText(file)))
                .Order(),
        ];
}
