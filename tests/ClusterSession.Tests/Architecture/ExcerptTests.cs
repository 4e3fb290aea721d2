using System.Text.RegularExpressions;
using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>What the pages show of a configuration file is what the file says.</summary>
public sealed partial class ExcerptTests
{
    [Theory]
    [InlineData("nginx", "deploy/nginx/cluster-session.conf")]
    [InlineData("haproxy", "deploy/haproxy/haproxy.cfg", "deploy/haproxy/redis.cfg")]
    public void Excerpts_of_configurations_are_in_the_files(string language, params string[] files)
    {
        var texts = files.Select(Repository.Read).ToArray();
        var excerpts = Repository
            .Files(".md")
            .SelectMany(page => Block().Matches(Repository.Read(page)))
            .Where(block => block.Groups["language"].Value == language)
            .Select(block => block.Groups["text"].Value)
            .ToArray();
        Assert.All(texts, text =>
            Assert.Contains(excerpts, excerpt => text.Contains(excerpt, StringComparison.Ordinal))
        );
        Assert.All(excerpts, excerpt =>
            Assert.Contains(texts, text => text.Contains(excerpt, StringComparison.Ordinal))
        );
    }

    [GeneratedRegex(@"^```(?<language>\w+)\n(?<text>.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();
}
