using System.Text.RegularExpressions;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Watching;
using Xunit;

namespace ClusterSession.Cli.Tests.Watching;

public sealed partial class SiteVerdictTests
{
    public static TheoryData<string> States => [.. Sights.All.Keys];

    [Theory]
    [MemberData(nameof(States))]
    public async Task Status_of_a_Sentinel_site_reads_as_its_snapshot(string state) =>
        await Snapshot.CheckAsync($"sentinel-{state}", await TextAsync(state, Terminal.WidthOfFiles));

    [Theory]
    [MemberData(nameof(States))]
    public async Task Lines_of_a_Sentinel_site_fit_the_terminal(string state)
    {
        foreach (var width in (int[])[40, 80])
        {
            var lines = (await TextAsync(state, width)).Split('\n');
            Assert.All(lines, line => Assert.True(line.Length <= width, line));
        }
    }

    [Fact]
    public async Task Json_of_sentinel_status_keeps_its_names()
    {
        var facts = new SiteFacts(Sights.All["two-masters"]);
        await Snapshot.CheckAsync(
            "sentinel-two-masters-json",
            SentinelJson.Text(SentinelReport.Of(SiteVerdict.Of(facts), facts)) + "\n"
        );
    }

    [Theory]
    [InlineData("healthy", ExitCode.Done)]
    [InlineData("read-replica", ExitCode.Done)]
    [InlineData("former-named-by-one", ExitCode.Degraded)]
    [InlineData("sentinel-away", ExitCode.Degraded)]
    [InlineData("link-down", ExitCode.Degraded)]
    [InlineData("writes-without-replicas", ExitCode.Degraded)]
    [InlineData("two-masters", ExitCode.Down)]
    [InlineData("no-majority", ExitCode.Down)]
    [InlineData("sentinels-not-named", ExitCode.Down)]
    [InlineData("master-dead", ExitCode.Down)]
    [InlineData("failing-over", ExitCode.Down)]
    [InlineData("finishing", ExitCode.Degraded)]
    [InlineData("newer-known-by-one", ExitCode.Down)]
    [InlineData("two-configurations", ExitCode.Down)]
    [InlineData("named-twice", ExitCode.Degraded)]
    [InlineData("master-says-replica", ExitCode.Down)]
    [InlineData("replica-dead", ExitCode.Degraded)]
    [InlineData("nobody", ExitCode.NoAgent)]
    public void State_of_a_Sentinel_site_has_its_exit_code(string state, int code) =>
        Assert.Equal(code, SiteVerdict.Of(new SiteFacts(Sights.All[state])).ExitCode);

    [Fact]
    public void Page_has_every_alarm_of_a_Sentinel_site_and_each_is_raised_by_a_state()
    {
        var folder = Path.Combine(Repository.Root, "src", "ClusterSession.Cli", "Watching");
        string[] files = ["SiteAlarms.cs", "SentinelAlarms.cs"];
        var source = files.SelectMany(file => Named().Matches(File.ReadAllText(Path.Combine(folder, file))));
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "operations", "sentinel.md"));
        var names = source.Select(match => match.Groups[1].Value).Distinct().Order().ToArray();

        Assert.Equal(names, Row().Matches(page).Select(match => match.Groups[1].Value).Order());
        var raised = Sights.All.Values.SelectMany(sight => SiteVerdict.Of(new SiteFacts(sight)).Alarms);
        Assert.Equal(names, raised.Select(alarm => alarm.Name).Distinct().Order());
        Assert.All(raised, alarm => Assert.Equal("docs/operations/sentinel.md#what-its-alarms-mean", alarm.Page));
    }

    private static async Task<string> TextAsync(string state, int width)
    {
        using var input = new StringReader("");
        await using var output = new StringWriter();
        var terminal = new Terminal
        {
            Output = output,
            Error = output,
            Input = input,
            Width = width,
        };
        var facts = new SiteFacts(Sights.All[state]);
        var page = new Page(terminal);
        new SentinelPage(page).Add(SiteVerdict.Of(facts), facts);
        await page.WriteAsync(output);
        return output.ToString();
    }

    [GeneratedRegex("\"([a-z]+(?:-[a-z]+)+)\"")]
    private static partial Regex Named();

    [GeneratedRegex(@"^\| `([a-z]+(?:-[a-z]+)+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
