using Xunit;

namespace ClusterSession.Cli.Tests;

/// <summary>
/// Texts in files, to be read by people. With CLUSTERSESSION_WRITE_SNAPSHOTS=1 a test
/// writes them, and fails so that nobody takes that for a check.
/// </summary>
internal static class Snapshot
{
    public static async Task CheckAsync(string name, string text)
    {
        var file = Path.Combine(Repository.Root, "tests", "ClusterSession.Cli.Tests", "Snapshots", $"{name}.txt");
        if (Environment.GetEnvironmentVariable("CLUSTERSESSION_WRITE_SNAPSHOTS") == "1")
        {
            await File.WriteAllTextAsync(file, text);
            Assert.Fail($"{file} was written: read it.");
        }

        Assert.Equal(await File.ReadAllTextAsync(file), text);
    }
}
