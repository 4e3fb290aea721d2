using ClusterSession.ChaosTests.Load.Http;
using ClusterSession.Histories;
using Xunit;

namespace ClusterSession.ChaosTests.Load;

public sealed class SessionRegistryTests
{
    private readonly SessionRegistry _sessions = new();

    [Theory]
    [InlineData(2, 1, "own")]
    [InlineData(1, 2, "copy")]
    public void Of_two_devices_the_cookie_counts_that_names_the_newest_commit(long own, long copied, string left)
    {
        var jar = _sessions.Begin();
        Set(jar, "first", 0);
        var copy = jar.Copy();
        _sessions.Add(copy);
        Set(jar, "own", own);
        Set(copy, "copy", copied);
        Assert.Equal($"id={left}", Assert.Single(_sessions.Left()).Cookie);
    }

    [Fact]
    public void Device_that_was_left_with_the_cookie_from_before_a_renewal_does_not_count()
    {
        var jar = _sessions.Begin();
        Set(jar, "first", 0);
        var copy = jar.Copy();
        _sessions.Add(copy);
        Set(copy, "copy", 9);
        Set(jar, "renewed", 1, renewed: true);
        Assert.Equal("id=renewed", Assert.Single(_sessions.Left()).Cookie);
    }

    [Fact]
    public void Session_that_was_never_answered_is_not_left()
    {
        _sessions.Begin();
        Assert.Empty(_sessions.Left());
    }

    private static void Set(CookieJar jar, string value, long stamp, bool renewed = false) =>
        jar.Apply(
            new HttpAnswer(200, [("Set-Cookie", $"id={value}; path=/")], []),
            new SeenVersion(stamp, "writer"),
            renewed
        );
}
