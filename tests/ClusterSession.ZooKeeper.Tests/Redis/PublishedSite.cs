using System.Globalization;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Tests;
using ClusterSession.Failover.Time;
using ClusterSession.Failover.ZooKeeper.Leases;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Stores;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClusterSession.ZooKeeper.Tests.Redis;

/// <summary>
/// Two Redis, and what their agents would do: take leases, open and close masters, publish them.
/// </summary>
internal sealed class PublishedSite : IStoreObserver, IAsyncDisposable
{
    public const string Cluster = "shop";

    private const string Record = "cs:1:lease";
    private static readonly TimeSpan Life = TimeSpan.FromSeconds(2);

    private readonly ZooKeeperCoordinator _agents;

    private PublishedSite(string connection, RedisServer[] redis, string? user, string? password)
    {
        Connection = connection;
        Redis = redis;
        var options = ZooKeeperOptions.Parse(connection);
        options.OperationTimeout = TimeSpan.FromSeconds(20);
        (options.User, options.Password) = (user, password);
        _agents = new ZooKeeperCoordinator(options, BoottimeClock.Instance, new Random(3));
    }

    /// <summary>Servers and path, as of connection strings.</summary>
    public string Connection { get; }

    public RedisServer[] Redis { get; }

    /// <summary>The second Redis follows the first.</summary>
    public static async Task<PublishedSite> StartAsync(string servers, string? user = null, string? password = null)
    {
        var first = await RedisServer.StartAsync();
        var second = await RedisServer.StartAsync(new RedisServerOptions { ReplicaOf = first.Port });
        var site = new PublishedSite($"{servers}/site-{Guid.NewGuid():N}", [first, second], user, password);
        await site.InStepAsync(1);
        return site;
    }

    /// <summary>A store that has begun to connect.</summary>
    public async Task<RedisSessionStore> StoreAsync(string? connectionString = null, ILoggerProvider? logs = null)
    {
        var store = new RedisSessionStore(
            RedisOptions.Parse(connectionString ?? $"zookeeper={Connection}"),
            "cs",
            TimeSpan.FromSeconds(30),
            TimeProvider.System,
            new Random(7),
            new Logger<RedisSessionStore>(
                LoggerFactory.Create(to => to.AddProvider(logs ?? NullLoggerProvider.Instance))
            )
        );
        await store.StartAsync(this, default);
        return store;
    }

    /// <summary>Takes the next lease in the name of a member. Answers its epoch.</summary>
    public async Task<long> TakeLeaseAsync(int member)
    {
        var seen = await CoordinatorSteps.ReadAsync(_agents, Cluster);
        if (seen.IsHeld)
        {
            await _agents.ReleaseAsync(OperationId.New(), Cluster, seen.LastHolder!, seen.Epoch);
        }

        return (await CoordinatorSteps.AcquireAsync(_agents, Cluster, Name(member), Life)).Epoch;
    }

    /// <summary>Lets a member take writes under a lease.</summary>
    public async Task OpenAsync(int member, long epoch) =>
        await Redis[member]
            .CommandAsync(
                "SET",
                Record,
                $"{await RunIdAsync(member)} {epoch.ToString(CultureInfo.InvariantCulture)}",
                "PX",
                "600000"
            );

    /// <summary>Writes into ZooKeeper that a member is the master.</summary>
    public async Task PublishAsync(int member, long epoch)
    {
        var document = new ClusterDocument
        {
            Members =
            [
                .. Redis.Select((redis, i) => new ClusterMember(Name(i), redis.Endpoint, "", MemberKind.Candidate)),
            ],
            Ruler = new Ruler(Name(member), await RunIdAsync(member), epoch),
        };
        await Condition.HoldsAsync(
            async () =>
            {
                var seen = await CoordinatorSteps.ReadAsync(_agents, Cluster);
                var written = await _agents.WriteAsync(OperationId.New(), Cluster, seen.Version, document.Write());
                return written is WriteResult.Written;
            },
            "the master is published"
        );
    }

    /// <summary>Takes the lease, opens the member and publishes it.</summary>
    public async Task<long> RuleAsync(int member)
    {
        var epoch = await TakeLeaseAsync(member);
        await OpenAsync(member, epoch);
        await PublishAsync(member, epoch);
        return epoch;
    }

    /// <summary>As agents switch: close, have everything, promote, open, publish, follow.</summary>
    public async Task SwitchAsync(int from, int to)
    {
        var epoch = await TakeLeaseAsync(to);
        await Redis[from].CommandAsync("DEL", Record);
        await Redis[to].HasAllOfAsync(Redis[from]);
        await Redis[to].CommandAsync("REPLICAOF", "NO", "ONE");
        await OpenAsync(to, epoch);
        await PublishAsync(to, epoch);
        await Redis[from].CommandAsync("REPLICAOF", Redis[to].Host, $"{Redis[to].Port}");
        await InStepAsync(from);
    }

    /// <summary>Makes a member a master of its own, as after a network split.</summary>
    public Task PartAsync(int member) => Redis[member].CommandAsync("REPLICAOF", "NO", "ONE");

    public void OnChanged(SessionKey key) { }

    public void OnConnected(int partition, StoreContinuity continuity) { }

    public async ValueTask DisposeAsync()
    {
        await _agents.DisposeAsync();
        foreach (var redis in Redis)
        {
            await redis.DisposeAsync();
        }
    }

    private static string Name(int member) => $"{(char)('a' + member)}";

    private Task<string> RunIdAsync(int member) => Redis[member].InfoAsync("server", "run_id");

    private Task InStepAsync(int member) =>
        Condition.HoldsAsync(
            async () => await Redis[member].InfoAsync("replication", "master_link_status") == "up",
            $"{Name(member)} is in step"
        );
}
