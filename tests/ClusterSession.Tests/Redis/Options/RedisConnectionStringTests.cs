using System.Security.Authentication;
using ClusterSession.Redis;
using Xunit;

namespace ClusterSession.Tests.Redis.Options;

public sealed class RedisConnectionStringTests
{
    [Theory]
    [InlineData("localhost", "localhost:6379")]
    [InlineData("localhost:7000", "localhost:7000")]
    [InlineData(" a:1 , b:2 ,c", "a:1 b:2 c:6379")]
    [InlineData("a,ssl=true", "a:6380")]
    [InlineData("a:1,serviceName=m,b", "a:1 b:26379")]
    [InlineData("10.0.0.1:6379", "10.0.0.1:6379")]
    [InlineData("[::1]:7000", "[::1]:7000")]
    [InlineData("::1", "[::1]:6379")]
    [InlineData("[fe80::1%eth0]", "[fe80::1%eth0]:6379")]
    [InlineData("redis://h", "h:6379")]
    [InlineData("rediss://h", "h:6379")]
    [InlineData("redis://h:7000/3?name=x", "h:7000")]
    [InlineData("redis://[::1]:7000", "[::1]:7000")]
    [InlineData("redis://a:1,b:2/0?serviceName=m", "a:1 b:2")]
    [InlineData("redis://u:p@a,b?serviceName=m", "a:26379 b:26379")]
    public void Servers_are_read(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', RedisOptions.Parse(text).Endpoints));

    [Fact]
    public void Every_setting_of_the_list_dialect_is_read()
    {
        var options = RedisOptions.Parse(
            "h:1,user=u,password=p=w d,ssl=True,sslHost=s,sslCaFile=/ca,sslCertFile=/c,sslKeyFile=/k,sslProtocols=Tls12|Tls13,checkCertificateRevocation=true,"
                + "serviceName=m,defaultDatabase=3,name=n,connectTimeout=1000,asyncTimeout=300,syncTimeout=400,heartbeatInterval=50,heartbeatTimeout=600,reconnectMaxDelay=700,protocol=resp3"
        );
        Assert.Equal("u", options.User);
        Assert.Equal("p=w d", options.Password);
        Assert.True(options.Tls);
        Assert.Equal(
            ("s", "/ca", "/c", "/k"),
            (options.TlsHost, options.TlsCaFile, options.TlsCertificateFile, options.TlsKeyFile)
        );
        Assert.Equal(SslProtocols.Tls12 | SslProtocols.Tls13, options.TlsProtocols);
        Assert.True(options.TlsCheckRevocation);
        Assert.Equal("m", options.ServiceName);
        Assert.Equal(3, options.Database);
        Assert.Equal("n", options.ClientName);
        Assert.Equal(1000, options.ConnectTimeout.TotalMilliseconds);
        Assert.Equal(300, options.CommandTimeout.TotalMilliseconds);
        Assert.Equal(50, options.HeartbeatInterval.TotalMilliseconds);
        Assert.Equal(600, options.HeartbeatTimeout.TotalMilliseconds);
        Assert.Equal(700, options.ReconnectMaxDelay.TotalMilliseconds);
    }

    [Theory]
    [InlineData("h", RedisFence.History)]
    [InlineData("h,fence=history", RedisFence.History)]
    [InlineData("h,FENCE=Lease", RedisFence.Lease)]
    [InlineData("redis://h?fence=lease", RedisFence.Lease)]
    public void Fence_is_read(string text, RedisFence expected) =>
        Assert.Equal(expected, RedisOptions.Parse(text).Fence);

    [Theory]
    [InlineData("h,fence=no", "fence", "neither history nor lease")]
    [InlineData("h,fence=lease,serviceName=m", "ServiceName is set", "Remove fence=lease")]
    [InlineData("h,fence=lease,cluster=true", "Cluster is true", "Remove fence=lease")]
    public void Fence_that_nobody_keeps_is_refused(string text, string what, string remedy)
    {
        var error = Assert.Throws<FormatException>(() => RedisOptions.Parse(text));
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("zookeeper=h1:1,h2,h3:3/a/b,password=p", "h1:1 h2 h3:3", "/a/b")]
    [InlineData("zookeeper=h1", "h1", null)]
    [InlineData("ssl=true, ZooKeeper = h1 , h2/x ,password=p,name=n", "h1 h2", "/x")]
    public void Ensemble_is_read_and_asks_for_the_lease(string text, string servers, string? path)
    {
        var options = RedisOptions.Parse(text);
        Assert.Equal(servers, string.Join(' ', options.ZooKeeper!.Servers));
        Assert.Equal(path, options.ZooKeeper.Chroot);
        Assert.Equal(RedisFence.Lease, options.Fence);
        Assert.Empty(options.Endpoints);
    }

    [Fact]
    public void Credentials_and_TLS_of_ZooKeeper_and_of_Redis_are_two_settings()
    {
        var options = RedisOptions.Parse(
            "zookeeper=h1,password=redis,zookeeperPassword=zk,zookeeperSsl=true,zookeeperSslHost=s,"
                + "zookeeperSslCaFile=/ca,zookeeperSslCertFile=/c,zookeeperSslKeyFile=/k,zookeeperCluster=north"
        );
        var ensemble = options.ZooKeeper!;
        Assert.Equal(("redis", null), (options.Password, options.User));
        Assert.False(options.Tls);
        Assert.Equal(("cluster-session", "zk", true), (ensemble.User, ensemble.Password, ensemble.UseTls));
        Assert.Equal(
            ("s", "/ca", "/c", "/k"),
            (ensemble.TlsHost, ensemble.CaFile, ensemble.CertificateFile, ensemble.KeyFile)
        );
        Assert.Equal("north", options.ZooKeeperCluster);
        Assert.Equal("u", RedisOptions.Parse("zookeeper=h,zookeeperUser=u,zookeeperPassword=p").ZooKeeper!.User);
        Assert.DoesNotContain("zk", options.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("zookeeper=", "'zookeeper' cannot be used", "Give one or several")]
    [InlineData("zookeeper=h:0", "'h:0' names no server", "such as 'zk1:2181'")]
    [InlineData("zookeeper=h/a//b", "'/a//b' has a part that is empty", "zookeeper")]
    [InlineData("zookeeper=h,name=n,redis1:6379", "Endpoints names redis1:6379", "right behind zookeeper=")]
    [InlineData("zookeeper=h,serviceName=m", "ServiceName too", "remove one")]
    [InlineData("zookeeper=h,cluster=true", "Cluster is true", "remove one")]
    [InlineData("fence=history,zookeeper=h", "Fence is History", "fence=lease")]
    [InlineData("zookeeper=h,zookeeperUser=u", "ZooKeeper.User is set alone", "zookeeperPassword")]
    [InlineData("zookeeper=h,zookeeperSslCaFile=/ca", "UseTls is false", "zookeeperSsl=true")]
    [InlineData("zookeeper=h,zookeeperSsl=maybe", "'zookeeperSsl=maybe' is neither", "true nor false")]
    [InlineData("zookeeper=h,zookeeperSsl=true,zookeeperSslKeyFile=/k", "KeyFile", "zookeeperSslCertFile")]
    [InlineData("redis1,zookeeperSsl=true", "without a server of it", "zookeeper=host:2181")]
    [InlineData("redis1,zookeeperCluster=a", "ZooKeeperCluster is set without", "remove zookeeperCluster")]
    [InlineData("redis://redis1?zookeeper=h", "'zookeeper=h' stands in a list", "in no URI")]
    public void Ensemble_that_cannot_be_used_is_refused_with_the_remedy(string text, string what, string remedy)
    {
        var error = Assert.Throws<FormatException>(() => RedisOptions.Parse(text));
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Password_of_ZooKeeper_is_in_no_message()
    {
        var error = Assert.Throws<FormatException>(() =>
            RedisOptions.Parse("zookeeper=h,zookeeperPassword=se,cret,nonsense=1")
        );
        Assert.DoesNotContain("cret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_of_StackExchange_Redis_without_meaning_here_are_accepted()
    {
        var all = string.Join(",", ConnectionStringSettings.Ignored.Select(name => $"{name}=whatever"));
        Assert.Single(RedisOptions.Parse("h," + all).Endpoints);
        Assert.Single(RedisOptions.Parse("h,ABORTCONNECT=false,KeepAlive=60,proxy=None").Endpoints);
    }

    [Theory]
    [InlineData("redis://user:pass@h:1/2", "user", "pass", 2, false)]
    [InlineData("rediss://:p%40ss%2F%25@h", null, "p@ss/%", 0, true)]
    [InlineData("redis://u:p@ss/w@h:1", "u", "p@ss/w", 0, false)]
    [InlineData("redis://u%3Aser:p:w@h", "u:ser", "p:w", 0, false)]
    [InlineData("redis://h?password=x%26y&user=z&defaultDatabase=4", "z", "x&y", 4, false)]
    [InlineData("redis://h", null, null, 0, false)]
    public void Uris_are_read(string text, string? user, string? password, int database, bool tls)
    {
        var options = RedisOptions.Parse(text);
        Assert.Equal((user, password, database, tls), (options.User, options.Password, options.Database, options.Tls));
    }

    [Theory]
    [InlineData("", "names no server")]
    [InlineData("ssl=true", "names no server")]
    [InlineData("h:0", "'h:0' has no port")]
    [InlineData("h:70000", "'h:70000' has no port")]
    [InlineData("h:abc", "'h:abc' has no port")]
    [InlineData("h:6379:6380", "is neither a host nor key=value")]
    [InlineData("h o", "'h o' is neither")]
    [InlineData("h,pasword=x", "'pasword' is no setting")]
    [InlineData("h,ssl=maybe", "'ssl=maybe' is neither true nor false")]
    [InlineData("h,connectTimeout=5s", "'connectTimeout=5s' is no whole number of milliseconds")]
    [InlineData("h,connectTimeout=1", "ConnectTimeout is 1 ms")]
    [InlineData("h,defaultDatabase=-1", "'defaultDatabase=-1' is no whole number")]
    [InlineData("h,heartbeatInterval=3000", "HeartbeatTimeout is 2000 ms")]
    [InlineData("h,sslHost=x", "Tls is false")]
    [InlineData("h,sslProtocols=Tls99", "names no TLS versions")]
    [InlineData("h,user=x", "User is set without Password")]
    [InlineData("h,name=a b", "ClientName")]
    [InlineData("h,protocol=resp2", "only resp3 works")]
    [InlineData("h,proxy=Twemproxy", "proxies")]
    [InlineData("h,tunnel=http:x:1", "tunnels")]
    [InlineData("h,$CLIENT=", "renames or switches off a command")]
    [InlineData("http://h", "scheme 'http' is not known")]
    [InlineData("redis://", "names no host")]
    [InlineData("redis://h/x", "database '/x'")]
    [InlineData("redis://h?x", "'x' after the ?")]
    [InlineData("redis://h?x=1", "'x' is no setting")]
    [InlineData("rediss://h?ssl=false", "'ssl' is switched off in a rediss:// URI")]
    [InlineData("rediss://h?ssl=0", "write redis:// for none")]
    [InlineData("redis://:abc:6379", "whose @host is missing")]
    public void A_wrong_string_says_which_part_is_wrong_and_why(string text, string message) =>
        Assert.Contains(
            message,
            Assert.Throws<FormatException>(() => RedisOptions.Parse(text)).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("h,password=s3cret,with,comma")]
    [InlineData("h,password=s3cret,s3cret=1")]
    [InlineData("h,password=x,ssl=s3cret")]
    [InlineData("h,password=x,s3cret:y")]
    [InlineData("h,password=x,s3 cret")]
    [InlineData("redis://:s3cret?x@h")]
    [InlineData("redis://u:s3cret@h/x")]
    [InlineData("redis://u:s3cret@h?ssl=x")]
    [InlineData("redis://u:s3cret@")]
    [InlineData("redis://u:s3cret")]
    [InlineData("u:s3cret@h:6379")]
    [InlineData("h:6379,u:s3cret@h")]
    [InlineData("h,ssl=true;password=s3cret")]
    [InlineData("h,connectTimeout=5 password=s3cret")]
    [InlineData("h;password=s3cret")]
    [InlineData("redis://:s3cret:6379")]
    [InlineData("redis://:s3cret")]
    [InlineData("redis://u:s3cret:6379")]
    [InlineData("redis://u:s3cret:6379,h2:6379")]
    [InlineData("redis://:s3cret:6379/1")]
    [InlineData("redis://:x/s3cret:6379")]
    [InlineData("redis://:x?s3cret:6379")]
    [InlineData("redis://:x,s3cret:6379")]
    [InlineData("rediss://:s3cret:6379?ssl=false")]
    [InlineData(":s3cret:6379")]
    [InlineData("h,:s3cret:6379")]
    [InlineData("u:s3cret:6379,ssl=true")]
    [InlineData("redis://h?ssl=true;password=s3cret")]
    public void No_message_shows_a_password_or_what_may_be_its_rest(string text)
    {
        var failure = Assert.Throws<FormatException>(() => RedisOptions.Parse(text));
        Assert.DoesNotContain("s3", failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("comma'", failure.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("redis://:31337")]
    [InlineData(":31337")]
    public void Password_of_digits_in_the_place_of_a_port_is_not_shown(string text)
    {
        var failure = Assert.Throws<FormatException>(() => RedisOptions.Parse(text));
        Assert.DoesNotContain("31337", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_as_text_hide_secrets()
    {
        var text = RedisOptions.Parse("h:1,user=me,password=s3cret,ssl=true,sslCaFile=/ca,serviceName=m").ToString();
        Assert.Equal("h:1,ssl=true,serviceName=m,defaultDatabase=0", text);
        Assert.Equal("me", new RedisCredential("me", "s3cret").ToString());
    }
}
