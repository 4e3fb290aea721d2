using ClusterSession.Hosting;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace ClusterSession.Tests.Hosting;

public sealed class CookieSettingTests
{
    [Theory]
    [InlineData("Domain", "https://example.org", "without scheme")]
    [InlineData("Domain", "example.org:8080", "without scheme, port")]
    [InlineData("Domain", "example.org/shop", "path")]
    [InlineData("Domain", "example .org", "blanks")]
    [InlineData("Domain", "a.org, b.org", "blanks")]
    [InlineData("Domain", "example.org;secure", "host name")]
    [InlineData("Domain", "bücher.example", "xn--")]
    [InlineData("Domain", "example..org", "host name")]
    [InlineData("Domain", "..example.org", "host name")]
    [InlineData("Path", "app", "Begin it with '/'")]
    [InlineData("Path", "", "Begin it with '/'")]
    [InlineData("Path", "/a;b", "percent-encoded")]
    [InlineData("Path", "/a b", "percent-encoded")]
    [InlineData("Path", "/bücher", "percent-encoded")]
    [InlineData("Path", "/a?b", "percent-encoded")]
    [InlineData("MaxAge", "00:00:00", "from 00:00:01")]
    [InlineData("MaxAge", "-00:20:00", "from 00:00:01")]
    [InlineData("Expiration", "00:00:00", "leave it out")]
    [InlineData("Name", "__Secure-sid", "SecurePolicy=Always")]
    [InlineData("Name", "__host-sid", "SecurePolicy=Always")]
    [InlineData("Name", "__HOST-sid", "SecurePolicy=Always")]
    [InlineData("Name", "__sEcUrE-sid", "SecurePolicy=Always")]
    public void Setting_under_which_browsers_keep_no_cookie_is_refused(string setting, string value, string remedy)
    {
        var failure = Assert.Single(Settings.Failures(("Cookie:" + setting, value)));
        Assert.StartsWith("ClusterSession:Cookie:" + setting, failure);
        Assert.Contains(remedy, failure);
    }

    [Fact]
    public void Cookie_for_other_sites_that_is_never_secure_is_refused()
    {
        var failure = Assert.Single(Settings.Failures(("Cookie:SameSite", "None"), ("Cookie:SecurePolicy", "None")));
        Assert.Contains("Set SecurePolicy to Always", failure);
    }

    [Fact]
    public void Cookie_set_by_code_is_checked_as_well()
    {
        Assert.Contains(
            "ClusterSession:Cookie is null",
            Assert.Single(Settings.FailuresOfCode(options => options.Cookie = null!))
        );
        Assert.Contains("Domain is ''", Assert.Single(Settings.FailuresOfCode(options => options.Cookie.Domain = "")));
        Assert.Contains(
            "SameSite is 7",
            Assert.Single(Settings.FailuresOfCode(options => options.Cookie.SameSite = (SameSiteMode)7))
        );
        Assert.Contains(
            "SecurePolicy is 7",
            Assert.Single(Settings.FailuresOfCode(options => options.Cookie.SecurePolicy = (CookieSecurePolicy)7))
        );
    }

    [Theory]
    [InlineData("Domain", "example.org")]
    [InlineData("Domain", ".example.org")]
    [InlineData("Domain", "xn--bcher-kva.example")]
    [InlineData("Domain", "")]
    [InlineData("Path", "/")]
    [InlineData("Path", "/app")]
    [InlineData("Path", "/a%20b")]
    [InlineData("MaxAge", "14.00:00:00")]
    [InlineData("Expiration", "08:00:00")]
    public void Setting_that_browsers_understand_is_accepted_without_a_warning(string setting, string value) =>
        Assert.Empty(CookieCheck.Warnings(Settings.Read(("Cookie:" + setting, value))));

    [Theory]
    [InlineData("SameSite", "None", "Set SecurePolicy to Always")]
    [InlineData("Domain", "localhost", "Leave it out")]
    [InlineData("Domain", "10.0.0.1", "Leave it out")]
    [InlineData("Path", "/app/", "'/app'")]
    [InlineData("MaxAge", "00:00:30", "active user")]
    [InlineData("Expiration", "00:00:30", "active user")]
    public void Setting_that_may_be_a_mistake_is_warned_of(string setting, string value, string remedy) =>
        Assert.Contains(remedy, Assert.Single(CookieCheck.Warnings(Settings.Read(("Cookie:" + setting, value)))));

    [Fact]
    public void Defaults_are_those_of_AddSession_where_it_has_them()
    {
        var (ours, theirs) = (new ClusterSessionOptions(), new Microsoft.AspNetCore.Builder.SessionOptions());
        Assert.Equal(theirs.Cookie.IsEssential, ours.Cookie.IsEssential);
        Assert.Equal(theirs.Cookie.HttpOnly, ours.Cookie.HttpOnly);
        Assert.Equal(theirs.Cookie.SameSite, ours.Cookie.SameSite);
        Assert.Equal(theirs.Cookie.Path, ours.Cookie.Path);
        Assert.Equal(
            (theirs.Cookie.MaxAge, theirs.Cookie.Expiration, theirs.Cookie.Domain),
            (ours.Cookie.MaxAge, ours.Cookie.Expiration, ours.Cookie.Domain)
        );
        Assert.Equal(theirs.IdleTimeout, ours.IdleTimeout);
    }
}
