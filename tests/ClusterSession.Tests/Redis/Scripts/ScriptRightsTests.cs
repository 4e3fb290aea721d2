using System.Text.RegularExpressions;
using ClusterSession.Tests.Architecture;
using Xunit;

namespace ClusterSession.Tests.Redis.Scripts;

/// <summary>
/// Redis checks the rights of the user for each command that a script calls, when it is called: one
/// that few sessions need, such as large ones, is not found by using the application for a while.
/// </summary>
public sealed partial class ScriptRightsTests
{
    /// <summary>Of operators: listing sessions, and merging two servers.</summary>
    private static readonly string[] OfOperators = ["list.lua", "merge-scan.lua", "merge-survey.lua"];

    [Fact]
    public void Recommended_user_may_run_every_command_of_every_script()
    {
        var page = Repository.Read("SECURITY.md");
        var rights = page[page.IndexOf("ACL SETUSER", StringComparison.Ordinal)..].Split("ACL SETUSER")[1];
        var commands = Repository
            .Files(".lua", "src/ClusterSession.Redis/Scripts")
            .Where(file => !OfOperators.Contains(Path.GetFileName(file)))
            .SelectMany(file => Call().Matches(Repository.Read(file)))
            .Select(call => call.Groups["command"].Value.ToLowerInvariant())
            .Distinct()
            .ToArray();

        Assert.Contains("hstrlen", commands);
        Assert.All(commands, command => Assert.Matches($@"\+{command}\b(?!\|)", rights));
    }

    [GeneratedRegex(@"(?:redis\.p?call|in_parts)\('(?<command>[A-Z]+)'")]
    private static partial Regex Call();
}
