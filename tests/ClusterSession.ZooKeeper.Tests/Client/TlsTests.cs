using ClusterSession.TestKit.Faults;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.ZooKeeper.Tests.Client;

/// <summary>TLS with a real server, at its port for it.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private readonly TestCertificates _certificates = new();
    private readonly TestCertificates _others = new();
    private ZooKeeperServer _server = null!;

    public async ValueTask InitializeAsync() =>
        _server = await ZooKeeperServer.StartAsync(new ZooKeeperServerOptions { Certificates = _certificates });

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _certificates.Dispose();
        _others.Dispose();
    }

    [Fact]
    public async Task Session_goes_on_over_connections_with_TLS_and_credentials()
    {
        await using var network = FaultProxy.Start(_server.SecurePort);
        await using var scope = Start($"127.0.0.1:{network.Port}", options =>
            (options.User, options.Password) = ("one", "secret")
        );
        await scope.StateAsync(ZooKeeperState.Connected);
        await scope.CreateAsync("/kept", CreateMode.Ephemeral);
        var session = scope.Client.SessionId;
        network.ResetConnections();
        await Condition.HoldsAsync(
            async () => (await scope.Client.GetAsync("/kept")).Value?.Stat.Owner == session,
            "the session goes on",
            TimeSpan.FromSeconds(60)
        );

        await using var plain = ClientScope.Start(_server.Endpoint);
        Assert.Equal(ZooKeeperCode.NoAuth, (await plain.Client.GetAsync("/kept")).Code);
    }

    [Fact]
    public async Task Authority_that_is_not_trusted_and_a_name_that_is_not_in_the_certificate_are_refused()
    {
        await using var stranger = Start(_server.SecureEndpoint, options => options.CaFile = _others.CaFile);
        await RefusedAsync(stranger);
        await using var elsewhere = Start(_server.SecureEndpoint, options => options.TlsHost = "elsewhere.invalid");
        await RefusedAsync(elsewhere);
        Assert.Contains("elsewhere.invalid", elsewhere.Client.LastFailure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_that_wants_a_certificate_of_its_clients_lets_in_who_shows_one()
    {
        await using var server = await ZooKeeperServer.StartAsync(
            new ZooKeeperServerOptions { Certificates = _certificates, NeedsClientCertificate = true }
        );
        await using var shown = Start(server.SecureEndpoint, options =>
            (options.CertificateFile, options.KeyFile) = (_certificates.ServerCertFile, _certificates.ServerKeyFile)
        );
        await shown.StateAsync(ZooKeeperState.Connected);
        await shown.CreateAsync("/shown");

        await using var hidden = Start(server.SecureEndpoint, _ => { });
        await Condition.HoldsAsync(
            () => hidden.Client.LastFailure is not null,
            "it is refused",
            TimeSpan.FromSeconds(60)
        );
        Assert.Equal(ZooKeeperState.Connecting, hidden.Client.State);
    }

    private static async Task RefusedAsync(ClientScope scope)
    {
        await Condition.HoldsAsync(
            () => scope.Client.LastFailure?.Failure == ConnectFailure.TlsRefused,
            "the server is refused",
            TimeSpan.FromSeconds(60)
        );
        Assert.Equal(ZooKeeperCode.NotSent, (await scope.Client.ExistsAsync("/")).Code);
    }

    private ClientScope Start(string server, Action<ZooKeeperOptions> configure) =>
        ClientScope.Start(
            options =>
            {
                (options.UseTls, options.CaFile) = (true, _certificates.CaFile);
                configure(options);
            },
            server
        );
}
