using System.Text.RegularExpressions;
using ClusterSession.Redis;
using ClusterSession.Redis.Merging;
using ClusterSession.Stores;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Merging;

/// <summary>
/// The users that the page about merging recommends may do all that a merge asks: their rights are
/// taken from the page.
/// </summary>
public sealed partial class MergeRightsTests
{
    [Fact]
    public async Task Users_of_the_page_suffice_for_sessions_ends_and_documents()
    {
        await using var site = await MergeSite.StartAsync();
        var changed = await site.CreateAsync(site.StoreA, "a", "1");
        await site.PartAsync();
        await site.CommitAsync(site.StoreA, changed, "b", "2");
        var (created, ended) = (
            await site.CreateAsync(site.StoreA, "a", "3"),
            await site.CreateAsync(site.StoreA, "a", "4")
        );
        await site.EndAsync(site.StoreA, ended);
        DocumentElement element = new(new byte[] { 1 }, 1, new byte[] { 42 }, MergeSite.Life);
        await site.StoreA.MergeDocumentAsync("revocations", [element], MergeSite.Life, default);
        var rights = string.Join(' ', await File.ReadAllLinesAsync(PathOf("docs/operations/merge.md")));
        string[] atSource = [.. RightsOf(SourceRights().Match(rights)), "~cs:*"];
        var security = string.Join(' ', await File.ReadAllLinesAsync(PathOf("SECURITY.md")));
        string[] atTarget =
        [
            .. RightsOf(ApplicationRights().Match(security)),
            .. RightsOf(TargetRights().Match(rights)),
            "~cs:*",
            "&cs:*",
        ];
        await site.A.CommandAsync(["ACL", "SETUSER", "merger", "reset", "on", ">pw", .. atSource]);
        await site.B.CommandAsync(["ACL", "SETUSER", "merger", "reset", "on", ">pw", .. atTarget]);

        var report = await RedisMerge.RunAsync(
            new MergeSource(RedisOptions.Parse($"{site.A.Endpoint},user=merger,password=pw")),
            new MergeTarget(RedisOptions.Parse($"{site.B.Endpoint},user=merger,password=pw")),
            site.Settings with
            {
                Replicas = 1,
                ReplicaTimeout = TimeSpan.Zero,
            },
            progress: null,
            default
        );
        Assert.Equal((1, 1, 1, 1), (report.Merged, report.New, report.Ended, report.Elements));
        Assert.Equal("a=3", await MergeSite.TextAsync(site.StoreB, created));
        Assert.Equal("ended", await MergeSite.TextAsync(site.StoreB, ended));
    }

    private static string[] RightsOf(Match match)
    {
        Assert.True(match.Success);
        return [.. match.Groups[1].Value.Replace("`", "", StringComparison.Ordinal).Split(' ').Where(IsRight)];

        static bool IsRight(string word) => word is ['+' or '-', ..];
    }

    private static string PathOf(string name)
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, name)))
        {
            directory = directory.Parent;
        }

        return Path.Combine(directory.FullName, name);
    }

    [GeneratedRegex("at the source (`[^`]+`) on the keys")]
    private static partial Regex SourceRights();

    [GeneratedRegex("application's user may do, and (.+?) for `--replicas`")]
    private static partial Regex TargetRights();

    [GeneratedRegex("ACL SETUSER(.+?)ACL SETUSER")]
    private static partial Regex ApplicationRights();
}
