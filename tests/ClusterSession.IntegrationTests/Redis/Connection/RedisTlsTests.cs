using ClusterSession.Redis.Connection;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Connection;

public sealed class RedisTlsTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData("localhost")]
    public async Task A_trusted_certificate_for_the_host_is_accepted(string? tlsHost)
    {
        await using var server = await RedisServer.StartAsync(new RedisServerOptions { Certificates = _certificates });
        var pushes = new RecordingPushHandler();
        await using var connection = await Connect.ToAsync(
            server,
            o => (o.Tls, o.TlsCaFile, o.TlsHost) = (true, _certificates.CaFile, tlsHost),
            pushes,
            tracking: true
        );
        var value = new byte[300_000];
        new Random(1).NextBytes(value);
        var key = "k"u8.ToArray();
        await connection.SendAsync(new RedisCommand("SET"u8.ToArray(), key, value));
        Assert.Equal(value, await connection.SendAsync(new GetRequest { Key = key }));
        await server.CommandAsync("DEL", "k");
        Assert.Null(await connection.SendAsync(new GetRequest { Key = key }));
        Assert.Equal(["invalidate k"], pushes.Events);
    }

    [Fact]
    public async Task A_certificate_for_another_host_is_refused()
    {
        await using var server = await RedisServer.StartAsync(
            new RedisServerOptions { Certificates = _certificates, WrongHostCertificate = true }
        );
        var failure = await Assert.ThrowsAsync<ConnectException>(() =>
            Connect.ToAsync(server, o => (o.Tls, o.TlsCaFile) = (true, _certificates.CaFile))
        );
        Assert.Equal(ConnectFailure.TlsRefused, failure.Failure);
        Assert.Contains("not made for '127.0.0.1'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_for_another_host_is_accepted_when_that_host_is_asked_for()
    {
        await using var server = await RedisServer.StartAsync(
            new RedisServerOptions { Certificates = _certificates, WrongHostCertificate = true }
        );
        await using var connection = await Connect.ToAsync(server, o =>
            (o.Tls, o.TlsCaFile, o.TlsHost) = (true, _certificates.CaFile, "elsewhere.invalid")
        );
        Assert.Null(await connection.SendAsync(new PingRequest()));
    }

    [Fact]
    public async Task A_certificate_from_an_unknown_authority_is_refused()
    {
        await using var server = await RedisServer.StartAsync(new RedisServerOptions { Certificates = _certificates });
        var bySystem = await Assert.ThrowsAsync<ConnectException>(() => Connect.ToAsync(server, o => o.Tls = true));
        Assert.Equal(ConnectFailure.TlsRefused, bySystem.Failure);
        Assert.Contains("no trusted authority", bySystem.Message, StringComparison.Ordinal);

        using var others = new TestCertificates();
        var byFile = await Assert.ThrowsAsync<ConnectException>(() =>
            Connect.ToAsync(server, o => (o.Tls, o.TlsCaFile) = (true, others.CaFile))
        );
        Assert.Equal(ConnectFailure.TlsRefused, byFile.Failure);
    }

    [Fact]
    public async Task There_is_no_way_back_to_plain_text()
    {
        await using var plain = await RedisServer.StartAsync();
        var failure = await Assert.ThrowsAsync<ConnectException>(() =>
            Connect.ToAsync(plain, o => (o.Tls, o.ConnectTimeout) = (true, TimeSpan.FromSeconds(5)))
        );
        Assert.NotEqual(ConnectFailure.AccessDenied, failure.Failure);
        // The server saw a TLS greeting, no command.
        Assert.DoesNotContain(
            "cmdstat_hello",
            await plain.CommandAsync("INFO", "commandstats"),
            StringComparison.Ordinal
        );

        await using var encrypted = await RedisServer.StartAsync(
            new RedisServerOptions { Certificates = _certificates }
        );
        await Assert.ThrowsAsync<ConnectException>(() =>
            Connect.ToAsync(encrypted, o => o.ConnectTimeout = TimeSpan.FromSeconds(5))
        );
    }

    [Fact]
    public async Task A_missing_authority_file_is_named()
    {
        await using var server = await RedisServer.StartAsync(new RedisServerOptions { Certificates = _certificates });
        var failure = await Assert.ThrowsAsync<ConnectException>(() =>
            Connect.ToAsync(server, o => (o.Tls, o.TlsCaFile) = (true, "/nowhere/ca.pem"))
        );
        Assert.Contains("'/nowhere/ca.pem'", failure.Message, StringComparison.Ordinal);
    }
}
