using System.Net.Sockets;

namespace ClusterSession.TestKit.Servers;

/// <summary>
/// Two real Redis servers behind one address: HAProxy sends everybody to the one that calls itself
/// master, and a small controller promotes the replica when the master is silent.
/// </summary>
/// <remarks>
/// <code>
/// clients -> HAProxy (checks "role:master" every 50 ms) -> r1 master --replication--> r2
///                                                            \__ controller: PING every 50 ms, 3 misses -> r2 REPLICAOF NO ONE
/// </code>
/// The rules that keep this from losing writes: a server never starts as a master, it starts as a
/// replica of the other one; only the controller promotes; and one stick-table entry for all
/// clients keeps a second "master" that turns up from getting anybody. Without them a restarted old
/// master got half of all new connections.
/// </remarks>
public sealed class HaProxyPair : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    private const int MissesUntilPromotion = 3;

    private readonly TemporaryDirectory _directory = new();
    private readonly CancellationTokenSource _stop = new();

    // held while roles change: the controller or a switch, never both
    private readonly SemaphoreSlim _roles = new(1, 1);
    private ServerProcess? _haproxy;
    private Task _controller = Task.CompletedTask;

    private HaProxyPair(RedisServer first, RedisServer second)
    {
        (First, Second, Master) = (first, second, first);
        Port = FreePort.Next();
    }

    /// <summary>The master at the start.</summary>
    public RedisServer First { get; }

    /// <summary>Its replica at the start.</summary>
    public RedisServer Second { get; }

    /// <summary>The one that the controller holds for the master now.</summary>
    public RedisServer Master { get; private set; }

    /// <summary>The other one.</summary>
    public RedisServer Other => Master == First ? Second : First;

    /// <summary>The one port that clients know.</summary>
    public int Port { get; }

    /// <summary>The one address that clients know.</summary>
    public string ConnectionString => $"127.0.0.1:{Port}";

    /// <summary>HAProxy's process, for signals.</summary>
    public ServerProcess Process => _haproxy ?? throw new InvalidOperationException("HAProxy has not been started.");

    /// <summary>
    /// Starts both servers, HAProxy and the controller, and waits until a write through the one
    /// address arrives.
    /// </summary>
    public static async Task<HaProxyPair> StartAsync(bool appendOnly = false)
    {
        var first = await RedisServer.StartAsync(new RedisServerOptions { AppendOnly = appendOnly });
        var second = await RedisServer.StartAsync(
            new RedisServerOptions { AppendOnly = appendOnly, ReplicaOf = first.Port }
        );
        var pair = new HaProxyPair(first, second);
        try
        {
            await LinkUpAsync(second);
            await File.WriteAllTextAsync(pair._directory.File("haproxy.cfg"), pair.Config());
            pair._haproxy = await ServerProcess.StartAsync(
                "haproxy",
                ["-db", "-f", pair._directory.File("haproxy.cfg")],
                pair._directory.Path
            );
            await pair._haproxy.ReadyAsync(async () => await pair.TryThroughAsync("PING") == "PONG");
            pair._controller = pair.ControlAsync();
            return pair;
        }
        catch
        {
            await pair.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// One command through HAProxy, on a connection of its own; null if none could be had or it
    /// broke.
    /// </summary>
    public async Task<string?> TryThroughAsync(params string[] command)
    {
        try
        {
            using var client = await RawRedisClient.ConnectAsync(Port, null, TimeSpan.FromSeconds(2));
            return await client.CommandAsync(command);
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException)
        {
            return null;
        }
    }

    /// <summary>
    /// Waits until the controller has promoted another server than this one and writes through
    /// HAProxy reach it.
    /// </summary>
    public async Task<RedisServer> NewMasterAsync(RedisServer old)
    {
        await Condition.HoldsAsync(
            async () =>
                Master != old
                && await TryThroughAsync("SET", "cs-test-probe", "1") == "OK"
                && await Master.CommandAsync("EXISTS", "cs-test-probe") == "1",
            "writes through HAProxy reach the promoted server"
        );
        return Master;
    }

    /// <summary>
    /// Starts a dead server again as a replica of the current master and waits until it is in sync.
    /// </summary>
    public async Task RejoinAsync(RedisServer server)
    {
        await server.StartAgainAsync($"replicaof {Master.Host} {Master.Port}");
        await LinkUpAsync(server);
    }

    /// <summary>
    /// Redis' own planned switch: FAILOVER waits until the other server has everything before roles
    /// change.
    /// </summary>
    public async Task SwitchAsync()
    {
        await _roles.WaitAsync();
        try
        {
            var (old, target) = (Master, Other);
            // The replica calls its link up a moment before the master has its first
            // acknowledgement and calls it online.
            await Condition.HoldsAsync(
                async () =>
                    (await old.CommandAsync("INFO", "replication")).Contains("state=online", StringComparison.Ordinal),
                "the master calls its replica online"
            );
            var reply = await old.CommandAsync(
                "FAILOVER",
                "TO",
                target.Host,
                target.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
                "TIMEOUT",
                "5000"
            );
            if (reply != "OK")
            {
                throw new InvalidOperationException($"FAILOVER was answered with {reply}.");
            }

            await Condition.HoldsAsync(
                async () => await target.IsMasterAsync() && !await old.IsMasterAsync(),
                "the roles have changed"
            );
            Master = target;
        }
        finally
        {
            _roles.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _controller;
        if (_haproxy is not null)
        {
            await _haproxy.DisposeAsync();
        }

        await First.DisposeAsync();
        await Second.DisposeAsync();
        _directory.Dispose();
    }

    private async Task ControlAsync()
    {
        var misses = 0;
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                await _roles.WaitAsync(_stop.Token);
                try
                {
                    misses = await AnswersAsync(Master) ? 0 : misses + 1;
                    if (misses >= MissesUntilPromotion && await AnswersAsync(Other))
                    {
                        await Other.CommandAsync("REPLICAOF", "NO", "ONE");
                        Master = Other;
                        misses = 0;
                    }
                }
                finally
                {
                    _roles.Release();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The end of the test.
        }
    }

    private static async Task<bool> AnswersAsync(RedisServer server)
    {
        try
        {
            using var client = await RawRedisClient.ConnectAsync(server.Port, null, TimeSpan.FromMilliseconds(200));
            return await client.CommandAsync("PING") == "PONG";
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException)
        {
            return false;
        }
    }

    private static Task LinkUpAsync(RedisServer replica) =>
        Condition.HoldsAsync(
            async () =>
                (await replica.CommandAsync("INFO", "replication")).Contains(
                    "master_link_status:up",
                    StringComparison.Ordinal
                ),
            "the replica is in sync"
        );

    // on-marked-down shutdown-sessions: connections to a demoted master are cut at once instead of
    // being kept for reads that go nowhere.
    private string Config() =>
        $"""
            global
              nbthread 1
            defaults
              mode tcp
              timeout connect 100ms
              retries 1
              option redispatch 1
              timeout client 1h
              timeout server 1h
              timeout check 200ms
            frontend redis_front
              bind 127.0.0.1:{Port}
              default_backend redis
            backend redis
              balance first
              # One entry for all: every new connection follows the current server, and a second "master" gets nobody.
              stick-table type ip size 1 expire 24d
              stick on dst
              option tcp-check
              tcp-check connect
              tcp-check send PING\r\n
              tcp-check expect string +PONG
              tcp-check send INFO\ replication\r\n
              tcp-check expect string role:master
              tcp-check send QUIT\r\n
              tcp-check expect string +OK
              default-server check inter 50ms fastinter 20ms downinter 50ms fall 1 rise 1 observe layer4 error-limit 1 on-error mark-down on-marked-down shutdown-sessions
              server r1 127.0.0.1:{First.Port}
              server r2 127.0.0.1:{Second.Port}

            """;
}
