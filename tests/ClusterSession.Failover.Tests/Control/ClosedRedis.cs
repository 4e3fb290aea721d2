using ClusterSession.Failover.Control;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Redis.Requests;

namespace ClusterSession.Failover.Tests.Control;

/// <summary>A real Redis that was started closed, and the agent's control of it.</summary>
internal sealed class ClosedRedis : IAsyncDisposable
{
    public const string Prefix = "cs.shop";
    public const string Lease = Prefix + ":1:lease";
    public const string Epoch = Prefix + ":1:shared:epoch";
    public const string AgentPassword = "the agent's own";
    private const string Secret = "a secret of all agents";
    private readonly List<AdminLink> _links = [];
    private readonly TestCertificates? _certificates;

    private ClosedRedis(RedisServer server, TestCertificates? certificates)
    {
        (Server, _certificates) = (server, certificates);
        Settings = new ControlSettings
        {
            Connection = new RedisOptions
            {
                User = Start.AgentUser,
                Password = AgentPassword,
                Tls = certificates is not null,
                TlsCaFile = certificates?.CaFile,
            },
            KeyPrefix = Prefix,
            Secret = Secret,
            ApplicationUser = Start.ApplicationUser,
        };
        Probe = new RedisProbe(Link(), Settings);
        Control = new RedisControl(Probe, Link(), Settings);
    }

    public static ClosedStart Start { get; } =
        new()
        {
            AgentUser = "agent",
            AgentPassword = AgentPassword,
            ApplicationUser = "shop",
            ApplicationPassword = "the application's own",
            KeyPrefix = Prefix,
        };

    public RedisServer Server { get; }

    public ControlSettings Settings { get; }

    public RedisProbe Probe { get; }

    public RedisControl Control { get; }

    public ClusterMember Member => new($"redis-{Server.Port}", Server.Endpoint, "http://none", MemberKind.Candidate);

    public static async Task<ClosedRedis> StartAsync(
        bool appendOnly = false,
        TestCertificates? certificates = null,
        params string[] config
    ) =>
        new(
            await RedisServer.StartAsync(
                new RedisServerOptions
                {
                    AppendOnly = appendOnly,
                    Certificates = certificates,
                    Config = [.. Start.Lines(), .. config],
                }
            ),
            certificates
        );

    /// <summary>Another connection of an agent to it.</summary>
    public AdminLink Link()
    {
        var link = new AdminLink(new RedisEndpoint(Server.Host, Server.Port), Settings, TimeProvider.System);
        _links.Add(link);
        return link;
    }

    /// <summary>The process that runs now, under a lease.</summary>
    public async Task<Tenure> TenureAsync(long epoch) => new((await SeenAsync()).RunId, epoch);

    /// <summary>What is seen of it as soon as it can be seen.</summary>
    public async Task<RedisSight> SeenAsync()
    {
        var sight = RedisSight.Unreachable;
        await Condition.HoldsAsync(
            async () => (sight = await Control.LookAsync(default)).IsReachable,
            "the Redis is reachable"
        );
        return sight;
    }

    public async Task SeenAsync(Func<RedisSight, bool> condition, string what) =>
        await Condition.HoldsAsync(async () => condition(await Control.LookAsync(default)), what);

    /// <summary>A closed master that admits those who follow it under this lease.</summary>
    public async Task<Tenure> PromoteAsync(long epoch)
    {
        var tenure = await TenureAsync(epoch);
        await Control.PromoteAsync(tenure, default);
        return tenure;
    }

    /// <summary>An open master.</summary>
    public async Task<Tenure> OpenAsync(long epoch, TimeSpan? life = null)
    {
        var tenure = await PromoteAsync(epoch);
        await Control.OpenAsync(tenure, In(life ?? TimeSpan.FromHours(1)), default);
        return tenure;
    }

    /// <summary>Follows it, and is in step.</summary>
    public async Task FollowAsync(ClosedRedis master, Tenure tenure)
    {
        await SeenAsync();
        await Control.FollowAsync(master.Member, tenure, default);
        await SeenAsync(sight => sight.Follows == tenure && sight.IsLinkUp, "the replica is linked");
    }

    public static DateTimeOffset In(TimeSpan life) => TimeProvider.System.GetUtcNow() + life;

    /// <summary>The time is over for Redis too, which counts in whole milliseconds.</summary>
    public static Task OverAsync(DateTimeOffset until) =>
        Condition.HoldsAsync(
            () => TimeProvider.System.GetUtcNow() >= until + TimeSpan.FromMilliseconds(1),
            "the time is over"
        );

    /// <summary>A command of the agent's user, past the control.</summary>
    public async Task<string> AskAsync(params string[] words)
    {
        using var client = await ConnectAsync();
        await client.CommandAsync("AUTH", Start.AgentUser, AgentPassword);
        return await client.CommandAsync(words);
    }

    public async Task<string> InfoAsync(string section, string field)
    {
        var lines = (await AskAsync("INFO", section)).Split('\n');
        var line = lines.Single(line => line.StartsWith(field + ":", StringComparison.Ordinal));
        return line[(field.Length + 1)..].Trim();
    }

    public Task<RawRedisClient> ConnectAsync() =>
        RawRedisClient.ConnectAsync(Server.Host, Server.Port, _certificates?.CaFile, TimeSpan.FromSeconds(10));

    /// <summary>A connection of the application; an answer other than OK is a refusal.</summary>
    public async Task<(RawRedisClient Client, string Answer)> LogInAsync()
    {
        var client = await ConnectAsync();
        return (client, await client.CommandAsync("AUTH", Start.ApplicationUser, Start.ApplicationPassword));
    }

    /// <summary>A commit of the application: a script behind the fence.</summary>
    public static Task<string> CommitAsync(RawRedisClient client, Tenure tenure, string value)
    {
        var gate = new LeaseGate(new RedisKeys(Prefix).Lease, tenure.RunId, new LeaseEpochs());
        return client.CommandAsync(
            "EVAL",
            $"{gate.Lua} return redis.call('SET', KEYS[1], ARGV[1])",
            "1",
            $"{Prefix}:value",
            value
        );
    }

    /// <summary>Makes a commit over a connection of its own.</summary>
    public async Task<string> CommitAsync(Tenure tenure, string value)
    {
        var (client, answer) = await LogInAsync();
        using (client)
        {
            return answer == "OK" ? await CommitAsync(client, tenure, value) : answer;
        }
    }

    /// <summary>Waits until it has what was committed.</summary>
    public Task HasAsync(string value) =>
        Condition.HoldsAsync(async () => await ValueAsync() == value, $"it has {value}");

    public Task<string> ValueAsync() => AskAsync("GET", $"{Prefix}:value");

    public async ValueTask DisposeAsync()
    {
        foreach (var link in _links)
        {
            await link.DisposeAsync();
        }

        await Server.DisposeAsync();
    }
}
