using System.Globalization;
using ClusterSession.IntegrationTests.Redis.Topology;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// All nodes lose their connections at once, and TLS makes each new one dear to the server (S31).
/// That pauses are random is in the unit tests.
/// </summary>
public sealed class ReconnectStormTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Nodes = 50;
    private readonly TestCertificates _certificates = new();
    private readonly List<TopologyStore> _stores = [];
    private RedisServer _redis = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync(new RedisServerOptions { Certificates = _certificates });
        for (var i = 0; i < Nodes; i++)
        {
            // On a busy machine a handshake that waits for fifty others may take longer than three
            // seconds: one that is given up and made again would be counted twice, and is no fault.
            _stores.Add(
                await TopologyStore.StartAsync(
                    $"{_redis.ConnectionString},sslCaFile={_certificates.CaFile},connectTimeout=60000,heartbeatTimeout=60000"
                )
            );
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_stores.Select(store => store.DisposeAsync().AsTask()));
        await _redis.DisposeAsync();
        _certificates.Dispose();
    }

    [Fact]
    public async Task Fifty_nodes_that_lose_their_connections_at_once_make_one_each()
    {
        const int Losses = 3;
        using var administrator = await RawRedisClient.ConnectAsync(
            _redis.Port,
            _certificates.CaFile,
            TimeSpan.FromSeconds(10)
        );
        var before = await AcceptedAsync(administrator);
        for (var i = 0; i < Losses; i++)
        {
            await administrator.CommandAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
            await AllAnsweredAsync();
        }

        var made = await AcceptedAsync(administrator) - before;
        output.WriteLine($"{made} connections for {Losses} losses of {Nodes}");
        // One a loss, and here and there one that was killed with the rest before it was used.
        Assert.InRange(made, Nodes * Losses, Nodes * (Losses + 1));
    }

    [Fact]
    public async Task Fifty_nodes_that_wait_for_a_server_make_one_connection_each_when_it_is_there()
    {
        await _redis.Kill9Async();
        await Task.WhenAll(
            _stores.Select(store =>
                Condition.HoldsAsync(
                    async () => !(await store.Store.ReadDocumentAsync("none", default, default)).IsAnswered,
                    "the loss is noticed"
                )
            )
        );

        await _redis.StartAgainAsync();
        using var administrator = await RawRedisClient.ConnectAsync(
            _redis.Port,
            _certificates.CaFile,
            TimeSpan.FromSeconds(10)
        );
        await AllAnsweredAsync();

        var made = await AcceptedAsync(administrator);
        output.WriteLine($"{made} connections of {Nodes} nodes, those that watched the start included");
        Assert.InRange(made, Nodes, Nodes * 2);
    }

    private Task AllAnsweredAsync() =>
        Task.WhenAll(
            _stores.Select(store =>
                Condition.HoldsAsync(
                    async () => (await store.Store.ReadDocumentAsync("none", default, default)).IsAnswered,
                    "every node is answered again"
                )
            )
        );

    private static async Task<long> AcceptedAsync(RawRedisClient client)
    {
        var line = (await client.CommandAsync("INFO", "stats"))
            .Split('\n')
            .First(l => l.StartsWith("total_connections_received:", StringComparison.Ordinal));
        return long.Parse(line.AsSpan(line.IndexOf(':') + 1).Trim(), CultureInfo.InvariantCulture);
    }
}
