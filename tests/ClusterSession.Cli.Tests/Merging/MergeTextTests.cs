using ClusterSession.Cli.Merging;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Shell;
using ClusterSession.Redis.Merging;
using Xunit;

namespace ClusterSession.Cli.Tests.Merging;

public sealed class MergeTextTests
{
    private static readonly MergeReport Report = new()
    {
        Scanned = 50_320,
        Same = 49_800,
        Merged = 412,
        New = 61,
        Ended = 27,
        Prolonged = 4,
        SkippedEnded = 9,
        SkippedExpired = 5,
        LeftOut = 2,
        Elements = 3,
        ForeignKeys = 1204,
        ForeignNames = ["queue:mail", "rate:10.0.0.1"],
        Bytes = 261_000,
        Duration = TimeSpan.FromSeconds(3.4),
        ClockAhead = TimeSpan.FromMinutes(-61),
        Replicas = 1,
    };

    private static readonly MergeSettings Settings = new() { KeyPrefix = "cs.shop" };

    [Fact]
    public async Task Merge_is_shown_as_a_page() =>
        await Snapshot.CheckAsync("merge", await TextAsync(Settings, Report));

    [Fact]
    public async Task Dry_run_is_shown_as_a_page() =>
        await Snapshot.CheckAsync(
            "merge-dry-run",
            await TextAsync(
                Settings with
                {
                    IsDryRun = true,
                    Bounds = new MergeBounds(TimeSpan.FromHours(1), TimeSpan.FromMinutes(22), TimeSpan.FromHours(1)),
                },
                Report with
                {
                    ForeignKeys = 0,
                    ClockAhead = TimeSpan.Zero,
                }
            )
        );

    [Fact]
    public async Task Replicas_that_lack_something_make_it_a_failure()
    {
        var settings = Settings with { Replicas = 2 };
        Assert.Equal(ExitCode.Failed, new MergeText("a:1", "b:1", settings).ExitCodeOf(Report));
        Assert.Contains(
            "Only 1 of 2 replicas of b:1 have all of it.",
            await TextAsync(settings, Report),
            StringComparison.Ordinal
        );
        Assert.Equal(ExitCode.Done, new MergeText("a:1", "b:1", Settings with { Replicas = 1 }).ExitCodeOf(Report));
    }

    [Fact]
    public async Task Prefix_under_which_the_source_has_nothing_is_named()
    {
        var text = await TextAsync(Settings with { KeyPrefix = "shop" }, new MergeReport { ForeignKeys = 1 });
        Assert.Contains("a:1 has no session whose key begins with 'shop:1:'.", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Source_away_for_longer_than_an_end_is_remembered_says_what_was_left_out()
    {
        var bounds = new MergeBounds(TimeSpan.FromHours(1), TimeSpan.FromMinutes(22), TimeSpan.FromMinutes(44));
        var text = await TextAsync(Settings with { Bounds = bounds }, Report);
        Assert.Contains("no logins, revocations or keys", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_says_how_far_it_is() =>
        Assert.Equal(
            "Merging into b:1: 50,320 of about 60,000 sessions compared, 507 records written",
            MergeProgressLines.Line(new MergeProgress(MergePhase.Sessions, 60_000, Report), "b:1")
        );

    private static async Task<string> TextAsync(MergeSettings settings, MergeReport report)
    {
        using var output = new StringWriter();
        using var input = new StringReader("");
        var page = new Page(
            new Terminal
            {
                Output = output,
                Error = output,
                Input = input,
            }
        );
        new MergeText("a:1", "b:1", settings).Write(page, report);
        await page.WriteAsync(output);
        return output.ToString();
    }
}
