using System.Text.RegularExpressions;
using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>What the pages show of a configuration file is what the file says.</summary>
public sealed partial class ExcerptTests
{
    [Theory]
    [InlineData("nginx", "deploy/nginx/cluster-session.conf")]
    [InlineData("haproxy", "deploy/haproxy/haproxy.cfg")]
    public void Excerpts_of_configurations_are_in_the_files(string language, string file)
    {
        var text = Repository.Read(file);
        var excerpts = Repository
            .Files(".md")
            .SelectMany(page => Block().Matches(Repository.Read(page)))
            .Where(block => block.Groups["language"].Value == language)
            .Select(block => block.Groups["text"].Value)
            .ToArray();
        Assert.NotEmpty(excerpts);
        Assert.All(excerpts, excerpt => Assert.Contains(excerpt, text, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"^```(?<language>\w+)\n(?<text>.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();
}
