using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Sights;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Time;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Tests.Face;

/// <summary>Agents of a cluster in one process, over a clock that the test moves.</summary>
internal sealed class FaceSite : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<string, (FailoverAgent Agent, ClusterFace Face, MetricsPage Metrics)> _agents = [];
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task[] _loops;

    public FaceSite(FailoverTimings? timings = null, params string[] members)
    {
        var names = members.Length > 0 ? members : ["a"];
        Timings = timings ?? new FailoverTimings();
        Store = new MemoryCoordinator(Time);
        Redis = new FakeRedisSite(Time, names);
        ClusterMember[] all =
        [
            .. names.Select(name => new ClusterMember(
                name,
                $"{name}:6379",
                $"http://{name}:7400/",
                MemberKind.Candidate
            )),
        ];
        foreach (var self in names)
        {
            var others = names.Where(name => name != self).ToArray();
            var links = new AgentLinks(
                Store,
                Redis[self],
                others.ToDictionary(name => name, IRedisProbe (name) => Redis[name]),
                others.ToDictionary(name => name, IAgentPeer (name) => new Neighbour(() => _agents[name].Agent))
            );
            var settings = new AgentSettings("north", self, all);
            var narrator = new AgentChangeLog(Timings, _ => null, Logs.CreateLogger("ClusterSession.Failover"));
            var agent = new FailoverAgent(settings, Timings, links, Time, narrator);
            var face = new ClusterFace(settings, Timings, agent, Time);
            _agents.Add(self, (agent, face, new MetricsPage(face, agent, Timings)));
        }

        _loops =
        [
            .. _agents.Values.Select(agent =>
                Task.Run(async () =>
                {
                    await _begun.Task;
                    await agent.Agent.RunAsync(_stopping.Token);
                })
            ),
        ];
    }

    public ManualTimeProvider Time { get; } = new();

    public CapturedLogs Logs { get; } = new();

    public FailoverTimings Timings { get; }

    public MemoryCoordinator Store { get; }

    public FakeRedisSite Redis { get; }

    public FailoverAgent Agent(string member) => _agents[member].Agent;

    public ClusterFace Face(string member) => _agents[member].Face;

    public MetricsPage Metrics(string member) => _agents[member].Metrics;

    /// <summary>Lets time pass until it is so. The agents begin with the first call.</summary>
    public Task UntilAsync(Func<bool> condition, string what)
    {
        _begun.TrySetResult();
        return Time.DriveAsync(Condition.HoldsAsync(condition, what));
    }

    /// <summary>Lets agents look once more, with all that was changed before.</summary>
    public async Task LookAgainAsync(string member)
    {
        var before = Agent(member).Look;
        await UntilAsync(() => Agent(member).Look != before, $"{member} looked");
        before = Agent(member).Look; // The look before may have begun before the change.
        await UntilAsync(() => Agent(member).Look != before, $"{member} looked again");
    }

    /// <summary>Changes the document, as a command of the operator does.</summary>
    public async Task EditAsync(Func<ClusterDocument, ClusterDocument> change)
    {
        var state = ((Coordination.ReadResult.Read)await Store.ReadAsync("north")).State;
        var document = change(ClusterDocument.Read(state.Document.Span));
        Assert(await Store.WriteAsync(Coordination.OperationId.New(), "north", state.Version, document.Write()));
    }

    /// <summary>The agents stand still from now on.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        _begun.TrySetResult();
        await Time.DriveAsync(Task.WhenAll(_loops));
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stopping.Dispose();
    }

    private static void Assert(Coordination.WriteResult result) =>
        Xunit.Assert.IsType<Coordination.WriteResult.Written>(result);

    private sealed class Neighbour(Func<FailoverAgent> agent) : IAgentPeer
    {
        public ValueTask<AgentSight> HearAsync(CancellationToken cancellation) =>
            ValueTask.FromResult(new AgentSight(true, agent().Merge));

        public ValueTask<bool> PromiseAsync(
            long epoch,
            long adoptions,
            TimeSpan duration,
            CancellationToken cancellation
        ) => ValueTask.FromResult(agent().TryPromise(epoch, adoptions, duration));
    }
}
