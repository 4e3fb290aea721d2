using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>A host: a Redis, its agent, and their clock.</summary>
internal sealed class SimHost
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly SimCluster _cluster;
    private readonly double _rate;

    public SimHost(SimCluster cluster, ClusterMember member)
    {
        (_cluster, Member) = (cluster, member);
        _rate = 1 + (cluster.World.Random.NextDouble() - 0.5) * 0.008;
        Redis = new SimRedis(cluster, this);
    }

    public ClusterMember Member { get; }

    public string Name => Member.Name;

    public SimRedis Redis { get; }

    public SimProcess AgentProcess { get; private set; } = new();

    public FailoverAgent? Agent { get; private set; }

    public TimeSpan WallOffset { get; set; }

    public DateTimeOffset Wall => Start + _cluster.World.Now + WallOffset;

    /// <summary>When something was last wrong with it or its links.</summary>
    public TimeSpan TroubleAt { get; set; }

    /// <summary>Commands to its Redis, and writes to the coordination store, that its agents were
    /// about to send.</summary>
    public int Steps { get; private set; }

    /// <summary>Happens before that step leaves: a fault point.</summary>
    public (int Step, Action Fault)? FaultPoint { get; set; }

    public void Leaving()
    {
        if (++Steps == FaultPoint?.Step)
        {
            FaultPoint.Value.Fault();
        }
    }

    public void StartAgent()
    {
        AgentProcess = new SimProcess();
        var clock = new SimClock(_cluster.World, AgentProcess, () => WallOffset, _rate);
        var others = _cluster.Hosts.Where(host => host != this).ToArray();
        var links = new AgentLinks(
            new RaisedEpochs(new SimCoordinatorLink(_cluster, this, AgentProcess, clock)),
            new SimRedisLink(_cluster, this, AgentProcess, this, clock),
            others.ToDictionary(
                host => host.Name,
                IRedisProbe (host) => new SimRedisLink(_cluster, this, AgentProcess, host, clock)
            ),
            others.ToDictionary(host => host.Name, IAgentPeer (host) => new SimPeer(_cluster, this, AgentProcess, host))
        );
        var settings = new AgentSettings("north", Name, [.. _cluster.Hosts.Select(host => host.Member)]);
        Agent = new FailoverAgent(settings, _cluster.Timings, links, clock);
        Run = Agent.RunAsync(CancellationToken.None);
    }

    /// <summary>The loop; a fault of it is the run's.</summary>
    public Task Run { get; private set; } = Task.CompletedTask;
}
