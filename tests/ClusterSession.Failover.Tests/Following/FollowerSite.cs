using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Following;
using ClusterSession.Failover.Hosting;
using ClusterSession.Failover.Tests.Face;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Time;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Tests.Following;

/// <summary>
/// A follower beside a Redis without a server, and agents of two members that answer as the test
/// says.
/// </summary>
internal sealed class FollowerSite : IAsyncDisposable
{
    public const string Self = "slave1";

    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<string, ClusterStatus?> _answers = new() { ["a"] = null, ["b"] = null };
    private readonly Lazy<Task> _loop;

    public FollowerSite()
    {
        Redis = new FakeRedisSite(Time, "a", "b", Self);
        var options = new FailoverOptions
        {
            Cluster = "north",
            Name = Self,
            RedisAddress = $"{Self}:6379",
            IsFollower = true,
        };
        foreach (var name in _answers.Keys)
        {
            options.Members.Add(
                new FailoverMember
                {
                    Name = name,
                    Redis = $"{name}:6379",
                    Agent = new Uri($"http://{name}:7400"),
                }
            );
        }

        var settings = FollowerBuilder.Settings(options);
        var timings = AgentBuilder.Timings(options);
        Agent = FollowerBuilder.Agent(
            settings,
            timings,
            Redis,
            member => new Answering(() => _answers[member.Name]),
            (Time, Time),
            Logs.CreateLogger("ClusterSession.Failover")
        );
        Face = new ClusterFace(settings, timings, Agent, Time);
        _loop = new Lazy<Task>(() => Task.Run(() => Agent.RunAsync(_stopping.Token)));
    }

    public ManualTimeProvider Time { get; } = new();

    public CapturedLogs Logs { get; } = new();

    public FakeRedisSite Redis { get; }

    public FakeRedis Own => Redis[Self];

    public FailoverAgent Agent { get; }

    public ClusterFace Face { get; }

    /// <summary>Opens the Redis of a member under a lease that does not end.</summary>
    public async Task<Tenure> OpenAsync(string member, long epoch)
    {
        var tenure = new Tenure(Redis[member].Sight.RunId, epoch);
        await Redis[member].PromoteAsync(tenure, default);
        await Redis[member].OpenAsync(tenure, Time.GetUtcNow() + TimeSpan.FromDays(1), default);
        return tenure;
    }

    /// <summary>What an agent answers from now on; a ruler of null: nobody rules.</summary>
    public void Answer(string agent, string? ruler, long epoch, params string[] members) =>
        _answers[agent] = new ClusterStatus
        {
            Cluster = "north",
            Self = agent,
            LookedAt = Time.GetUtcNow(),
            LookAgeMilliseconds = 1,
            Store = new StoreStatus(true, false, true),
            Lease = new LeaseStatus(ruler, ruler is not null, epoch, null),
            Ruler = ruler,
            Members = [.. (members.Length > 0 ? members : ["a", "b"]).Select(Member)],
            Reason = "It is so.",
        };

    /// <summary>An agent that is not responding from now on.</summary>
    public void Silence(string agent) => _answers[agent] = null;

    public Task UntilAsync(Func<bool> condition, string what)
    {
        _ = _loop.Value;
        return Time.DriveAsync(Condition.HoldsAsync(condition, what));
    }

    /// <summary>Lets it look some times more, with all that was changed before.</summary>
    public async Task LookAgainAsync()
    {
        for (var i = 0; i < 4; i++)
        {
            var before = Agent.Look;
            await UntilAsync(() => Agent.Look != before, "it looked");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_loop.IsValueCreated)
        {
            await Time.DriveAsync(_loop.Value);
        }

        _stopping.Dispose();
    }

    private ClusterMemberStatus Member(string name)
    {
        var sight = Redis[name].Sight;
        return new ClusterMemberStatus
        {
            Name = name,
            Redis = $"{name}:6379",
            Agent = $"http://{name}:7400/",
            Kind = MemberKind.Candidate,
            IsReachable = true,
            RunId = sight.RunId,
            IsOpen = sight.IsOpen,
            DataEpoch = sight.DataEpoch,
        };
    }

    private sealed class Answering(Func<ClusterStatus?> answer) : IAgentStatusReader
    {
        public ValueTask<ClusterStatus?> ReadAsync(CancellationToken cancellation) =>
            answer() is { } status
                ? new(status)
                : ValueTask.FromException<ClusterStatus?>(new IOException("The agent is not responding."));
    }
}
