using ClusterSession.ZooKeeper.Options;
using Xunit;

namespace ClusterSession.ZooKeeper.Tests.Options;

/// <summary>Connection strings and paths.</summary>
public sealed class ZooKeeperOptionsTests
{
    [Theory]
    [InlineData("h1:2181,h2:2182/apps/shop", "h1:2181 h2:2182", "/apps/shop")]
    [InlineData(" h1 , [::1]:2183 ", "h1:2181 [::1]:2183", null)]
    [InlineData("[::1]/", "[::1]:2181", null)]
    public void Connection_string_names_servers_and_a_path(string text, string servers, string? chroot)
    {
        var options = ZooKeeperOptions.Parse(text);
        Assert.Equal(servers, string.Join(' ', options.Servers.Select(ServerNames.Parse)));
        Assert.Equal(chroot, options.Chroot);
    }

    [Theory]
    [InlineData("", "names no server")]
    [InlineData("/path", "names no server")]
    [InlineData("h1:0", "port of 1 to 65535")]
    [InlineData("h1:x", "port of 1 to 65535")]
    [InlineData(":2181", "port of 1 to 65535")]
    [InlineData("h1/a//b", "part that is empty")]
    [InlineData("h1/a/", "ends with '/'")]
    [InlineData("password=abc", "names no server")]
    [InlineData("h1,pasword=abc", "'pasword' is no setting")]
    [InlineData("h1,ssl=yes", "'ssl' is neither true nor false")]
    [InlineData("h1,user=shop", "'user' is set without 'password'")]
    [InlineData("h1,password=", "'password' is empty")]
    [InlineData("h1,password=abc,def", "a password without commas")]
    public void Connection_string_that_is_none_says_what_is_wrong(string text, string what) =>
        Assert.Contains(
            what,
            Assert.Throws<FormatException>(() => ZooKeeperOptions.Parse(text)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Keys_behind_the_path_set_credentials_and_TLS()
    {
        var options = ZooKeeperOptions.Parse(
            "h1:2281,h2:2281/shop, user=shop, password=s/e=c, SSL=true, "
                + "sslHost=zk, sslCaFile=/ca, sslCertFile=/c, sslKeyFile=/k"
        );
        Assert.Equal(("/shop", "shop", "s/e=c"), (options.Chroot, options.User, options.Password));
        Assert.Equal(
            (true, "zk", "/ca", "/c", "/k"),
            (options.UseTls, options.TlsHost, options.CaFile, options.CertificateFile, options.KeyFile)
        );
    }

    [Fact]
    public void Password_without_user_is_that_of_cluster_session() =>
        Assert.Equal("cluster-session", ZooKeeperOptions.Parse("h1,password=abc").User);

    [Fact]
    public void Message_shows_nothing_that_may_be_a_password() =>
        Assert.DoesNotContain(
            "hush",
            Assert.Throws<FormatException>(() => ZooKeeperOptions.Parse("h1,password=abc,hush")).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(null, "/a", "/a")]
    [InlineData("/x", "/a", "/x/a")]
    [InlineData("/x", "/", "/x")]
    public void Path_stands_below_the_chroot_and_is_shown_without_it(string? chroot, string path, string full)
    {
        Assert.Equal(full, NodePath.Full(chroot, path));
        Assert.Equal(path, NodePath.Shown(chroot, full));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("/a/../b")]
    [InlineData("/a/")]
    [InlineData("")]
    public void Path_that_no_server_takes_is_an_argument_error(string path) =>
        Assert.Throws<ArgumentException>(() => NodePath.Full(null, path));
}
