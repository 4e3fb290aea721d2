using ClusterSession.Failover;
using ClusterSession.Failover.Options;
using Xunit;

namespace ClusterSession.Tests.Failover.Options;

/// <summary>Settings that cannot work are named at the start, with value and remedy.</summary>
public sealed class RaftCoordinatorOptionsTests
{
    public static TheoryData<string, string, Action<RaftCoordinatorOptions>> Wrong =>
        new()
        {
            { "Members has 2 addresses", "Name 3", options => options.Members.RemoveAt(2) },
            {
                "Members names 'http://c:1/path'",
                "without path",
                options => options.Members[2] = new("http://c:1/path")
            },
            { "Members names 'ftp://c:1/'", "such as 'https://", options => options.Members[2] = new("ftp://c:1") },
            { "Members names an address twice", "once", options => options.Members[2] = options.Members[1] },
            { "Self is 'http://d:1/'", "as Members names it", options => options.Self = new("http://d:1") },
            { "Self is ''", "as Members names it", options => options.Self = null },
            { "Directory is ''", "kept over restarts", options => options.Directory = null },
            { "Secret has 5 characters", "at least 16", options => options.Secret = "short" },
            { "Secret has a character", "ASCII", options => options.Secret = "a secret with blanks" },
            {
                "LowerElectionTimeout is 10 ms",
                "50 ms and 10000 ms",
                options => options.LowerElectionTimeout = Milliseconds(10)
            },
            { "UpperElectionTimeout is 150 ms", "151 ms", options => options.UpperElectionTimeout = Milliseconds(150) },
            { "RpcTimeout is 200 ms", "20 ms and 150 ms", options => options.RpcTimeout = Milliseconds(200) },
            {
                "OperationTimeout is 10 ms",
                "100 ms and 60000 ms",
                options => options.OperationTimeout = Milliseconds(10)
            },
        };

    [Fact]
    public void Settings_with_the_defaults_are_valid() =>
        Assert.True(new RaftCoordinatorValidator().Validate(null, Valid()).Succeeded);

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Setting_is_named_with_its_value_and_a_remedy(
        string named,
        string remedy,
        Action<RaftCoordinatorOptions> change
    )
    {
        var options = Valid();
        change(options);
        var result = new RaftCoordinatorValidator().Validate(null, options);
        Assert.Contains(result.Failures ?? [], failure =>
            failure.Contains(named, StringComparison.Ordinal) && failure.Contains(remedy, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Secret_is_never_in_a_message()
    {
        var options = Valid();
        options.Secret = "not blanks";
        Assert.DoesNotContain("not blanks", new RaftCoordinatorValidator().Validate(null, options).FailureMessage);
    }

    private static TimeSpan Milliseconds(int count) => TimeSpan.FromMilliseconds(count);

    private static RaftCoordinatorOptions Valid() =>
        new()
        {
            Members = { new("http://a:1"), new("http://b:1"), new("http://c:1") },
            Self = new("http://a:1"),
            Directory = "/var/lib/cluster-session",
            Secret = "sixteen-letters-",
        };
}
