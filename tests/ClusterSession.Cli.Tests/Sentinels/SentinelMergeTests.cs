using Xunit;

namespace ClusterSession.Cli.Tests.Sentinels;

/// <summary>
/// The command before the start of a Redis on a Sentinel site, with real Redis and Sentinels.
/// </summary>
public sealed class SentinelMergeTests
{
    [Fact]
    public async Task Former_master_that_is_merged_before_its_port_opens_loses_nothing()
    {
        await using var site = await SentinelSite.StartAsync();
        var master = await site.FailOverAsync();
        Assert.Equal(SentinelSite.Own, await site.LacksAsync(master));
        var files = Files(site);

        var run = await site.MergeAsync();

        Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error));
        Assert.Contains($"into {master.Endpoint}", run.Output, StringComparison.Ordinal);
        Assert.Equal(0, await site.LacksAsync(master));
        Assert.Equal(files, Files(site));
        await site.OpenAsync();
        Assert.Equal((0, 0), (await site.LacksAsync(master), await site.LacksAsync(site.Former)));
    }

    [LongFact]
    public async Task Former_master_that_is_not_merged_is_wiped_by_Sentinel()
    {
        await using var site = await SentinelSite.StartAsync();
        var master = await site.FailOverAsync();

        await site.OpenAsync();

        Assert.Equal(SentinelSite.Own, await site.LacksAsync(master));
        Assert.Equal(SentinelSite.Own, await site.LacksAsync(site.Former));
    }

    /// <summary>All that its Redis reads at a start, byte by byte.</summary>
    private static (string, string)[] Files(SentinelSite site) =>
        [
            .. Directory
                .EnumerateFiles(Path.Combine(site.Former.WorkingDirectory, "appendonlydir"))
                .Select(file => (file, Convert.ToBase64String(File.ReadAllBytes(file))))
                .Order(),
        ];
}
