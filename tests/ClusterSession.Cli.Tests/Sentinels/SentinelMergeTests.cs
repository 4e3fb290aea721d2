using ClusterSession.Cli.Shell;
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

        Assert.True(run.ExitCode == ExitCode.Done, run.Error);
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

    [LongFact]
    public async Task Snapshot_is_merged_and_not_what_is_over_by_the_count_of_the_Sentinels()
    {
        await using var site = await SentinelSite.StartAsync(isAppendOnly: false);
        var master = await site.FailOverAsync();
        // As on a host whose clock is an hour behind when it returns.
        var file = new FileInfo(Path.Combine(site.Former.WorkingDirectory, "dump.rdb"));
        file.LastWriteTimeUtc = file.LastWriteTimeUtc.AddHours(1);

        var late = await site.MergeAsync(("IdleTimeout", "00:00:01"));

        Assert.True(late.ExitCode == ExitCode.Done, late.Error);
        Assert.Equal(SentinelSite.Own, await site.LacksAsync(master));
        var run = await site.MergeAsync();

        Assert.True(run.ExitCode == ExitCode.Done, run.Error);
        Assert.Equal(0, await site.LacksAsync(master));
    }

    [LongFact]
    public async Task Former_master_starts_where_the_present_one_is_down_too_and_merges_it_later()
    {
        await using var site = await SentinelSite.StartAsync(replicas: 1);
        var second = await site.FailOverAsync();
        await second.Kill9Async();

        var run = await site.MergeAsync(("FailoverWait", "00:00:03"));

        Assert.True(run.ExitCode == ExitCode.Done, run.Error);
        Assert.Contains(
            $"{second.Endpoint} is down, and no other master was found",
            run.Output,
            StringComparison.Ordinal
        );
        await site.Former.StartAgainAsync();
        Assert.Equal(site.Former, await site.Cluster.NewMasterAsync(second));
        Assert.Equal(ExitCode.Done, (await site.MergeAsync(second)).ExitCode);
        await site.OpenAsync(second);
        Assert.Equal((0, 0), (await site.LacksAsync(site.Former), await site.LacksAsync(second)));
    }

    [LongFact]
    public async Task Master_that_is_replaced_while_the_data_loads_is_not_merged_into()
    {
        await using var site = await SentinelSite.StartAsync();
        var second = await site.FailOverAsync();
        using var directory = new TemporaryDirectory();
        var loading = await LoadingAfterAsync(
            directory,
            $"""
            ask() (redis-cli -p {site.Cluster.Sentinels[0].Port} SENTINEL "$@" mymaster </dev/null)
            while ask GET-MASTER-ADDR-BY-NAME | grep -qx {second.Port}
            do ask FAILOVER >/dev/null; sleep 0.5
            done
            """
        );

        var run = await site.MergeAsync(("RedisProgram", loading));

        Assert.True(run.ExitCode == ExitCode.Done, run.Error);
        var third = await site.Cluster.NewMasterAsync(second);
        Assert.Contains(
            $"Loads the data, closed, to merge it into {second.Endpoint}",
            run.Output,
            StringComparison.Ordinal
        );
        Assert.Contains($"written into {third.Endpoint}", run.Output, StringComparison.Ordinal);
        Assert.Equal(0, await site.LacksAsync(third));
    }

    [Fact]
    public async Task Redis_starts_unmerged_where_nothing_can_be_lost_and_not_where_nobody_knows()
    {
        await using var site = await SentinelSite.StartAsync();
        using var empty = new TemporaryDirectory();
        await File.WriteAllTextAsync(empty.File("redis.conf"), $"dir {empty.Path}\nappendonly yes\n");
        await StartsAsync("there is no data in", ("RedisConfig", empty.File("redis.conf")));
        await StartsAsync("is the master, and is not replaced");
        await StartsAsync(
            "know no master another yet",
            ("Redis", site.Cluster.ConnectionString.Replace("=mymaster", "=another", StringComparison.Ordinal))
        );

        foreach (var sentinel in site.Cluster.Sentinels.Skip(1))
        {
            await sentinel.Process.Kill9Async();
        }

        var run = await site.MergeAsync(("TimeLimit", "00:00:02"));
        Assert.Equal(ExitCode.Failed, run.ExitCode);
        var error = string.Join(' ', run.Error.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains($"{site.Former.Endpoint} must not start", error, StringComparison.Ordinal);
        Assert.Contains("Waits for a majority of 3 Sentinels: ", error, StringComparison.Ordinal);
        await StartsAsync("It starts unmerged", ("TimeLimit", "00:00:02"), ("StartUnmerged", "true"));

        async Task StartsAsync(string because, params (string, string)[] settings)
        {
            var run = await site.MergeAsync(settings);
            Assert.True(run.ExitCode == ExitCode.Done, run.Error);
            Assert.Contains(because, run.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Every_setting_that_is_wrong_is_named_at_once()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.File("merge.json");
        await File.WriteAllTextAsync(
            file,
            """
            { "ClusterSession": { "Sentinel": {
              "Redis": "redis-1:6379,password=Tm90U2hvd24", "RedisAddress": "redis-1", "Limit": "1", "TimeLimit": "20"
            } } }
            """
        );

        var run = await ToolRun.RunAsync("sentinel", "merge", "--config", file);

        Assert.Equal(ExitCode.Usage, run.ExitCode);
        string[] named =
        [
            "names no Sentinels",
            "'redis-1'",
            "RedisConfig is not set",
            "Sentinel:Limit",
            "'20'",
            "KeyPrefix",
        ];
        Assert.All(named, part => Assert.Contains(part, run.Error.ReplaceLineEndings(" "), StringComparison.Ordinal));
        Assert.DoesNotContain("Tm90U2hvd24", run.Error, StringComparison.Ordinal);
    }

    /// <summary>A redis-server that something happens before.</summary>
    private static async Task<string> LoadingAfterAsync(TemporaryDirectory directory, string script)
    {
        var file = directory.File("redis-server");
        await File.WriteAllTextAsync(
            file,
            $"#!/bin/sh\n{script.ReplaceLineEndings("\n")}\nexec {ServerBinary.Find("redis-server")} \"$@\"\n"
        );
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        return file;
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
