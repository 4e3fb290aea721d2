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
    public void Connection_string_that_is_none_says_what_is_wrong(string text, string what) =>
        Assert.Contains(
            what,
            Assert.Throws<FormatException>(() => ZooKeeperOptions.Parse(text)).Message,
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
