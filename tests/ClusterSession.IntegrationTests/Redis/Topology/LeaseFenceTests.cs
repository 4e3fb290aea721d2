using System.Globalization;
using ClusterSession.IntegrationTests.Redis.Connection;
using ClusterSession.Records;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Redis.Scripts;
using ClusterSession.Redis.Topology.Standalone;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Topology;

/// <summary>
/// With <c>fence=lease</c> a server takes writes only while its lease record names its own process.
/// </summary>
public sealed class LeaseFenceTests : IAsyncLifetime
{
    private const string Record = "cs:1:lease";
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private readonly RedisKeys _keys = new("cs");
    private RedisServer _redis = null!;

    public async ValueTask InitializeAsync() =>
        _redis = await RedisServer.StartAsync(new RedisServerOptions { Config = ["enable-debug-command yes"] });

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    [Fact]
    public async Task Server_without_a_lease_record_is_not_used_and_is_once_it_has_one()
    {
        await using var topology = RedisNode.Store($"{_redis.Endpoint},fence=lease");
        var observer = new RecordingStoreObserver();
        await topology.StartAsync(observer, default);
        var counter = new SharedCounter(topology, "counter");
        Assert.False(await counter.TryIncrementAsync());
        Assert.Equal(StoreFailure.Unreachable, counter.Failure);
        Assert.Equal("", await SharedCounter.StoredAsync(_redis));

        await OpenAsync(_redis, epoch: 1);
        await counter.IncrementAsync();
        Assert.Equal("1", await SharedCounter.StoredAsync(_redis));
    }

    [Fact]
    public async Task Record_that_names_another_process_opens_nothing_and_neither_does_a_lower_epoch()
    {
        await OpenAsync(_redis, epoch: 5);
        await using var store = await TopologyStore.StartAsync($"{_redis.Endpoint},fence=lease");
        var counter = store.Counter();
        await counter.IncrementAsync();

        await _redis.CommandAsync("SET", Record, LeaseRecord.Text(new Tenure(new string('a', 40), 6)));
        Assert.False(await counter.TryIncrementAsync());
        await OpenAsync(_redis, epoch: 4);
        Assert.False(await counter.TryIncrementAsync());
        await _redis.CommandAsync("SET", Record, "what is this");
        Assert.False(await counter.TryIncrementAsync());
        Assert.Equal("1", await SharedCounter.StoredAsync(_redis));

        await OpenAsync(_redis, epoch: 5);
        await counter.IncrementAsync();
        Assert.Equal("2", await SharedCounter.StoredAsync(_redis));
    }

    [Fact]
    public async Task Copies_and_servers_name_the_epoch_of_the_lease_that_they_are_good_under()
    {
        await OpenAsync(_redis, epoch: 5);
        await using var store = await TopologyStore.StartAsync($"{_redis.Endpoint},fence=lease");
        var lease = (await store.Store.ReadAsync(SessionKeys.New(), SessionVersion.None, default)).Lease;
        Assert.Equal((5, 5), (lease.Epoch, Assert.Single(store.Store.Inspection.Snapshot()).Epoch));

        await OpenAsync(_redis, epoch: 7); // The same process, by another lease: no new connection.
        await Condition.HoldsAsync(
            () => store.Store.Inspection.Snapshot() is [{ Epoch: 7, IsConnected: true }] && lease.Epoch == 7,
            "a heartbeat has shown the later epoch"
        );
    }

    [Fact]
    public async Task Every_script_that_writes_is_refused_without_a_lease_and_changes_nothing()
    {
        await OpenAsync(_redis, epoch: 1);
        await using var connection = await ConnectAsync();
        var key = SessionKeys.New();
        Assert.Equal(WriteOutcome.Committed, (await SendAsync(connection, Create(key))).Outcome);
        var before = await _redis.CommandAsync("DEBUG", "DIGEST");
        Assert.Equal(5, Writes(key).Count());

        foreach (var (state, shows) in new[] { ("no record", 0), ("another's", 1), ("expired", 2) })
        {
            await (
                shows switch
                {
                    0 => _redis.CommandAsync("DEL", Record),
                    1 => _redis.CommandAsync("SET", Record, LeaseRecord.Text(new Tenure(new string('b', 40), 9))),
                    _ => _redis.CommandAsync("SET", Record, $"{connection.Server.RunId} 9", "PXAT", "1"),
                }
            );
            foreach (var (name, send) in Writes(key))
            {
                var refused = await Assert.ThrowsAsync<RedisServerException>(() => send(connection));
                Assert.True(refused.Kind == RedisErrorKind.Fenced, $"{name}, {state}: {refused.Text}");
            }
        }

        await _redis.CommandAsync("DEL", Record);
        await OpenAsync(_redis, epoch: 1);
        Assert.Equal(before, await _redis.CommandAsync("DEBUG", "DIGEST"));
        foreach (var (_, send) in Writes(key))
        {
            await send(connection); // The same are taken with it.
        }

        Assert.NotEqual(before, await _redis.CommandAsync("DEBUG", "DIGEST"));
    }

    [Fact]
    public async Task Thawed_server_refuses_what_was_sent_to_it_before_its_lease_was_over()
    {
        await OpenAsync(_redis, epoch: 1);
        await using var store = await TopologyStore.StartAsync($"{_redis.Endpoint},fence=lease,asyncTimeout=300");
        var counter = store.Counter();
        await counter.IncrementAsync(); // The server knows the script from now on.
        await OpenAsync(_redis, epoch: 1, milliseconds: 1_000);
        _redis.Process.Stop();
        try
        {
            Assert.False(await counter.TryIncrementAsync()); // It is in the socket of the server now.
            Assert.Equal(StoreFailure.Unknown, counter.Failure);
            var begun = TimeProvider.System.GetTimestamp();
            await Condition.HoldsAsync(
                () => TimeProvider.System.GetElapsedTime(begun) > TimeSpan.FromSeconds(1),
                "the lease is over"
            );
        }
        finally
        {
            _redis.Process.Continue();
        }

        await Condition.HoldsAsync(
            async () => (await _redis.CommandAsync("INFO", "errorstats")).Contains("FENCED", StringComparison.Ordinal),
            "the server has refused it"
        );
        Assert.Equal("1", await SharedCounter.StoredAsync(_redis));
    }

    [Fact]
    public async Task Promoted_replica_is_closed_by_the_record_that_it_was_sent_until_it_has_its_own()
    {
        await using var replica = await RedisServer.StartAsync(new RedisServerOptions { ReplicaOf = _redis.Port });
        await Condition.HoldsAsync(
            async () => await replica.InfoAsync("replication", "master_link_status") == "up",
            "it is in step"
        );
        await OpenAsync(_redis, epoch: 1);
        await using var store = await TopologyStore.StartAsync($"{_redis.Endpoint},{replica.Endpoint},fence=lease");
        var counter = store.Counter();
        await counter.IncrementAsync();
        await replica.HasAllOfAsync(_redis);
        Assert.NotEqual("", await replica.CommandAsync("GET", Record));
        await _redis.Kill9Async();
        await replica.CommandAsync("REPLICAOF", "NO", "ONE");
        Assert.False(await counter.TryIncrementAsync());
        Assert.Equal("1", await SharedCounter.StoredAsync(replica));

        await OpenAsync(replica, epoch: 2);
        await counter.IncrementAsync();
        Assert.Equal("2", await SharedCounter.StoredAsync(replica));
    }

    [Fact]
    public async Task Former_master_that_is_started_by_hand_is_closed_though_its_record_lives()
    {
        await using var former = await RedisServer.StartAsync(new RedisServerOptions { AppendOnly = true });
        await OpenAsync(former, epoch: 1);
        await using var store = await TopologyStore.StartAsync($"{former.Endpoint},fence=lease");
        var counter = store.Counter();
        await counter.IncrementAsync();
        await former.Kill9Async();
        await former.StartAgainAsync();
        Assert.NotEqual("", await former.CommandAsync("GET", Record));
        Assert.False(await counter.TryIncrementAsync());
        Assert.Equal("1", await SharedCounter.StoredAsync(former));
    }

    [Fact]
    public async Task Copies_are_served_unasked_only_while_the_record_is_seen()
    {
        await OpenAsync(_redis, epoch: 1);
        await using var connection = await ConnectAsync(heartbeat: TimeSpan.FromMilliseconds(100));
        Assert.True(connection.IsProvenAlive(Life));
        var proved = connection.ProvenAliveAt;
        var key = SessionKeys.New();
        await SendAsync(connection, Create(key));
        await connection.SendAsync(new PingRequest());
        Assert.Equal(proved, connection.ProvenAliveAt); // Answers alone prove nothing: a frozen agent changes none.
        await Condition.HoldsAsync(() => connection.ProvenAliveAt > proved, "the heartbeat has seen it");

        await _redis.CommandAsync("DEL", Record);
        var closed = await connection.Closed.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Contains("no agent keeps it open", closed.Message, StringComparison.Ordinal);
        Assert.False(connection.IsProvenAlive(Life));
    }

    [Fact]
    public async Task Renewals_of_the_lease_push_nothing_to_the_nodes()
    {
        await OpenAsync(_redis, epoch: 1);
        var pushes = new RecordingPushHandler();
        await using var connection = await ConnectAsync(pushes);
        var key = SessionKeys.New();
        await SendAsync(connection, Create(key));
        for (var i = 0; i < 5; i++)
        {
            await _redis.CommandAsync("PEXPIRE", Record, "60000");
            await connection.SendAsync(new LeaseHeartbeatRequest(connection.Gate!));
            await TouchAsync(connection, key);
        }

        Assert.DoesNotContain($"invalidate {Record}", pushes.Events);
        await _redis.CommandAsync("HSET", $"cs:1:{{{key}}}", "other", "1");
        await Condition.HoldsAsync(
            () => pushes.Events.Contains($"invalidate cs:1:{{{key}}}"),
            "what others change is pushed"
        );
    }

    [Fact]
    public async Task Server_that_hides_its_run_id_is_refused_with_the_remedy()
    {
        await using var hidden = await RedisServer.StartAsync(
            new RedisServerOptions { AclUsers = ["app on >pw ~* &* +@all -info"] }
        );
        var options = ClusterSession.Redis.RedisOptions.Parse($"{hidden.Endpoint},user=app,password=pw,fence=lease");
        await using var topology = new StandaloneTopology(
            options,
            TimeProvider.System,
            new Random(1),
            null,
            null,
            leaseKey: _keys.Lease
        );
        topology.Start();
        var refused = await Assert.ThrowsAsync<ConnectException>(async () =>
            await topology.GetConnectionAsync(default, default)
        );
        Assert.Equal(ConnectFailure.AccessDenied, refused.Failure);
        Assert.Contains("allow INFO", refused.Message, StringComparison.Ordinal);
    }

    private static Task OpenAsync(RedisServer server, long epoch, int milliseconds = 600_000) =>
        OpenAsync(server, epoch.ToString(CultureInfo.InvariantCulture), milliseconds);

    private static async Task OpenAsync(RedisServer server, string epoch, int milliseconds) =>
        await server.CommandAsync(
            "SET",
            Record,
            $"{await server.InfoAsync("server", "run_id")} {epoch}",
            "PX",
            milliseconds.ToString(CultureInfo.InvariantCulture)
        );

    private static async Task<StoreWrite> SendAsync(RedisConnection connection, SessionScriptRequest request)
    {
        request.Connection = connection;
        request.IsSentWhole = true;
        return await connection.SendAsync(request);
    }

    private async Task<RedisConnection> ConnectAsync(RecordingPushHandler? pushes = null, TimeSpan? heartbeat = null)
    {
        var connection = await Connect.ToAsync(
            _redis,
            options =>
                (options.HeartbeatInterval, options.HeartbeatTimeout) = (
                    heartbeat ?? TimeSpan.FromMinutes(4),
                    TimeSpan.FromMinutes(5)
                ),
            pushes,
            tracking: pushes is not null
        );
        connection.Gate = new LeaseGate(_keys.Lease, connection.Server.RunId, new LeaseEpochs());
        Assert.Null(await connection.SendAsync(new LeaseHeartbeatRequest(connection.Gate)));
        return connection;
    }

    private MergeRequest Create(SessionKey key)
    {
        var version = new SessionVersion(1_000, 1);
        var record = RecordSketch.At(version).With("a", "0", version).Build();
        return new MergeRequest(
            _keys,
            key,
            new SessionMerge(record, version, MergeMode.Create, Life),
            new CopyLeases(Life)
        );
    }

    private async Task TouchAsync(RedisConnection connection, SessionKey key)
    {
        var touch = new TouchRequest(_keys, key, 2 * Life, 2 * Life) { Connection = connection, IsSentWhole = true };
        Assert.Equal(StoreFailure.None, (await connection.SendAsync(touch)).Failure);
    }

    private IEnumerable<(string Name, Func<RedisConnection, Task> Send)> Writes(SessionKey key)
    {
        var leases = new CopyLeases(Life);
        var delta = new SessionDelta();
        delta.Set("b", [1]);
        var change = new SessionChange(
            new SessionVersion(1_000, 1),
            new SessionVersion(2_000, 1),
            delta,
            [],
            Life,
            Life / 2
        );
        yield return ("merge", connection => SendAsync(connection, Create(SessionKeys.New())));
        yield return ("commit", connection => SendAsync(connection, new CommitRequest(_keys, key, change, leases)));
        yield return ("touch", connection => TouchAsync(connection, key));
        yield return ("document", async connection =>
        {
            var element = new DocumentElement("one"u8.ToArray(), 1, new byte[] { 1 }, Life);
            var request = new MergeDocumentRequest(
                _keys,
                _keys.Document("names"),
                _keys.DocumentPlaces("names"),
                [element],
                Life,
                77,
                leases
            );
            (request.Connection, request.IsSentWhole) = (connection, true);
            await connection.SendAsync(request);
        });
        yield return ("destroy", connection =>
            SendAsync(
                connection,
                new DestroyRequest(_keys, key, new SessionEnd(new SessionVersion(3_000, 1)), Life, leases)
            )
        );
    }

    private sealed class RecordingStoreObserver : IStoreObserver
    {
        public void OnChanged(SessionKey key) { }

        public void OnConnected(int partition, StoreContinuity continuity) { }
    }
}
