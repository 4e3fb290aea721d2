using System.Security.Cryptography.X509Certificates;
using ClusterSession.TestKit.Faults;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.Tests.Transport.Sockets;

public sealed class ConnectorTests
{
    [Fact]
    public async Task Server_that_is_not_there_is_unreachable()
    {
        var address = new ServerAddress("127.0.0.1", FreePort.Next());
        var failure = await FailureAsync(address, EchoLink.Patient);
        Assert.Equal(ConnectFailure.Unreachable, failure.Failure);
        Assert.False(failure.Sent);
        Assert.False(failure.NeedsOperator);
        Assert.StartsWith($"No connection to {address}: ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Handshake_that_is_never_answered_ends_at_the_connect_timeout()
    {
        await using var server = new EchoServer();
        await using var network = FaultProxy.Start(server.Address.Port);
        network.Blackhole();
        var failure = await FailureAsync(
            new ServerAddress("127.0.0.1", network.Port),
            EchoLink.Patient with
            {
                ConnectTimeout = TimeSpan.FromMilliseconds(100),
            }
        );
        Assert.Equal(ConnectFailure.TimedOut, failure.Failure);
        Assert.Contains("100 ms (ConnectTimeout)", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Caller_that_gives_up_ends_the_handshake()
    {
        await using var server = new EchoServer();
        server.Freeze();
        using var gone = new CancellationTokenSource();
        var connecting = EchoLink.ConnectAsync(server.Address, EchoLink.Patient, cancellation: gone.Token);
        await Condition.HoldsAsync(() => server.Received.Contains("hello"));
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
    }

    [Fact]
    public async Task Protocol_says_whom_it_does_not_accept_and_the_connection_is_closed()
    {
        await using var server = new EchoServer { Answer = static _ => "something else" };
        var failure = await FailureAsync(server.Address, EchoLink.Patient);
        Assert.Equal(ConnectFailure.Unsupported, failure.Failure);
        Assert.True(failure.NeedsOperator);
        Assert.Equal($"{server.Address} is no echo.", failure.Message);
    }

    [Fact]
    public async Task Requests_go_over_tls_to_a_server_that_bears_its_name()
    {
        using var certificates = new TestCertificates();
        await using var server = Encrypted(certificates.ServerCertFile, certificates.ServerKeyFile);
        await using var connection = await EchoLink.ConnectAsync(server.Address, Trusting(certificates));
        Assert.Equal("secret", await connection.SendAsync(new EchoRequest("secret")));
    }

    [Fact]
    public async Task Certificate_for_another_host_is_refused_with_the_name_that_was_wanted()
    {
        using var certificates = new TestCertificates();
        await using var server = Encrypted(certificates.WrongHostCertFile, certificates.WrongHostKeyFile);
        await RefusedAsync(server.Address, Trusting(certificates), "is not made for '127.0.0.1'");
        var named = Trusting(certificates, host: "elsewhere.invalid");
        await using var connection = await EchoLink.ConnectAsync(server.Address, named);
        Assert.Equal("secret", await connection.SendAsync(new EchoRequest("secret")));
    }

    [Fact]
    public async Task Certificate_of_an_unknown_authority_and_one_that_expired_are_refused_for_what_they_are()
    {
        using var certificates = new TestCertificates();
        await using var server = Encrypted(certificates.ServerCertFile, certificates.ServerKeyFile);
        await RefusedAsync(
            server.Address,
            EchoLink.Patient with
            {
                Tls = new TlsOptions(),
            },
            "comes from no trusted authority"
        );
        await using var expired = Encrypted(certificates.ExpiredCertFile, certificates.ExpiredKeyFile);
        await RefusedAsync(
            expired.Address,
            Trusting(certificates),
            $"expired on {certificates.ExpiredOn.UtcDateTime:yyyy-MM-dd HH:mm}"
        );
    }

    [Fact]
    public async Task File_of_authorities_that_cannot_be_read_is_named()
    {
        await using var server = new EchoServer();
        var options = EchoLink.Patient with { Tls = new TlsOptions { CaFile = "/nowhere/ca.pem" } };
        await RefusedAsync(server.Address, options, "'/nowhere/ca.pem' (TlsCaFile) cannot be read");
    }

    private static EchoServer Encrypted(string certificate, string key)
    {
        using var pem = X509Certificate2.CreateFromPemFile(certificate, key);
        return new EchoServer(X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null));
    }

    private static TransportOptions Trusting(TestCertificates certificates, string? host = null) =>
        EchoLink.Patient with
        {
            Tls = new TlsOptions { CaFile = certificates.CaFile, Host = host },
        };

    private static async Task RefusedAsync(ServerAddress address, TransportOptions options, string why)
    {
        var failure = await FailureAsync(address, options);
        Assert.Equal(ConnectFailure.TlsRefused, failure.Failure);
        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
    }

    private static Task<ConnectException> FailureAsync(ServerAddress address, TransportOptions options) =>
        Assert.ThrowsAsync<ConnectException>(() => EchoLink.ConnectAsync(address, options));
}
