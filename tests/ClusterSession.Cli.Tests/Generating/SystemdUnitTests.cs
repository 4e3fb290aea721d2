using Xunit;

namespace ClusterSession.Cli.Tests.Generating;

/// <summary>systemd takes the units of every example as they are.</summary>
public sealed class SystemdUnitTests
{
    private static readonly string Examples = Path.Combine(Repository.Root, "deploy", "examples");

    public static TheoryData<string> WithUnits =>
        [.. Directory.GetDirectories(Examples).Where(HasUnits).Select(path => Path.GetFileName(path)).Order()];

    [SystemdTheory]
    [MemberData(nameof(WithUnits))]
    public async Task Systemd_takes_the_units_of_every_example(string example)
    {
        using var directory = new TemporaryDirectory();
        Assert.Equal("", await VerifiedAsync(Directory.GetFiles(Units(example)), directory));
    }

    [SystemdTheory]
    [InlineData("redis-1.service", "Restart=always", "Restart=allways", "allways")]
    [InlineData("zk-1.service", "SuccessExitStatus=143", "SuccesExitStatus=143", "SuccesExitStatus")]
    public async Task Systemd_refuses_a_misspelt_line(string unit, string right, string wrong, string named)
    {
        using var directory = new TemporaryDirectory();
        var text = await File.ReadAllTextAsync(Path.Combine(Units("zookeeper"), unit));
        Assert.Contains(right, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(directory.File(unit), text.Replace(right, wrong, StringComparison.Ordinal));
        Assert.Contains(named, await VerifiedAsync([directory.File(unit)], directory), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_example_but_that_of_Kubernetes_has_units() =>
        Assert.Equal(
            ["kubernetes"],
            Directory.GetDirectories(Examples).Where(path => !HasUnits(path)).Select(path => Path.GetFileName(path))
        );

    private static bool HasUnits(string example) => Directory.Exists(Path.Combine(example, "files", "systemd"));

    private static string Units(string example) => Path.Combine(Examples, example, "files", "systemd");

    /// <summary>
    /// What systemd says of the units. Programs that are not installed here are no fault of them.
    /// </summary>
    private static async Task<string> VerifiedAsync(string[] units, TemporaryDirectory directory)
    {
        await using var process = await ServerProcess.StartAsync(
            "systemd-analyze",
            ["verify", "--man=no", .. units],
            directory.Path
        );
        await Condition.HoldsAsync(() => process.HasExited, "systemd-analyze has ended", TimeSpan.FromSeconds(60));
        return string.Join(
            '\n',
            process
                .Output.Split('\n')
                .Where(line =>
                    units.Any(unit => line.Contains(Path.GetFileName(unit), StringComparison.Ordinal))
                    && !line.Contains("is not executable", StringComparison.Ordinal)
                )
        );
    }
}
