using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Operating;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>Hosts, store, network and clients of one run.</summary>
internal sealed class SimCluster
{
    private readonly HashSet<(SimHost, SimHost)> _cuts = [];
    private readonly HashSet<SimHost> _cutFromStore = [];
    private int _ids;
    private int _commits;

    public SimCluster(SimWorld world, FailoverTimings timings, params MemberKind[] kinds)
    {
        (World, Timings) = (world, timings);
        Checker = new SimChecker(this);
        Coordinator = new SimCoordinator(this);
        Hosts =
        [
            .. kinds.Select(
                (kind, i) =>
                    new SimHost(
                        this,
                        new ClusterMember($"{(char)('a' + i)}", $"redis-{i}:6379", $"http://agent-{i}", kind)
                    )
            ),
        ];
        foreach (var host in Hosts)
        {
            host.Redis.Start(keepsData: false, TimeSpan.Zero, asMaster: false);
            World.After(World.Draw(0, 0.2), host.StartAgent);
            World.Every(TimeSpan.FromMilliseconds(15), host.Redis.Replicate);
            World.Every(World.Draw(3, 5), host.Redis.Ping);
        }

        World.Every(TimeSpan.FromMilliseconds(20), Checker.LookForTwoMasters);
        for (var client = 0; client < 2; client++)
        {
            StartClient();
        }
    }

    /// <summary>The figures of the runs: short windows, so that a run is short.</summary>
    public static FailoverTimings ShortWindows { get; } =
        new()
        {
            NewerDataWait = TimeSpan.FromSeconds(4),
            StepWait = TimeSpan.FromSeconds(2),
            FlappingWindow = TimeSpan.FromSeconds(20),
            ReturnAfter = null,
        };

    public SimWorld World { get; }

    public FailoverTimings Timings { get; }

    public SimHost[] Hosts { get; }

    public SimCoordinator Coordinator { get; }

    public SimChecker Checker { get; }

    /// <summary>Whether scripts ask for the record.</summary>
    public bool HasFence { get; init; } = true;

    /// <summary>Whether records are given durations, and not times of day.</summary>
    public bool HasDurations { get; init; }

    /// <summary>Whether every merge fails.</summary>
    public bool IsMergeRefused { get; set; }

    /// <summary>Whether files can be copied aside.</summary>
    public bool CanSetAside { get; set; } = true;

    /// <summary>Keys of other applications in each Redis that is merged.</summary>
    public int Foreign { get; set; }

    /// <summary>Share of messages that are lost, and of those that are late.</summary>
    public double Loss { get; set; }

    public SimHost? Open => Hosts.FirstOrDefault(host => host.Redis.Accepts);

    public string NewId(string kind) => $"{kind}-{++_ids}";

    public SimHost Find(string name) => Hosts.First(host => host.Name == name);

    public bool IsCut(SimHost one, SimHost other) => _cuts.Contains((one, other));

    public bool IsCutFromStore(SimHost host) => _cutFromStore.Contains(host);

    /// <summary>How many replicas have all that a master has.</summary>
    public int Confirmed(SimHost master) =>
        Hosts.Count(host =>
            host != master
            && host.Redis.IsLinkUp
            && host.Redis.Follows?.RunId == master.Redis.RunId
            && master.Redis.Data.Commits.IsSubsetOf(host.Redis.Data.Commits)
        );

    public void Cut(SimHost one, SimHost other)
    {
        _cuts.Add((one, other));
        _cuts.Add((other, one));
        Trouble(one, other);
    }

    public void CutFromStore(SimHost host)
    {
        _cutFromStore.Add(host);
        Trouble(host);
    }

    public void Isolate(SimHost host, bool alsoFromStore)
    {
        foreach (var other in Hosts.Where(other => other != host))
        {
            Cut(host, other);
        }

        if (alsoFromStore)
        {
            CutFromStore(host);
        }
    }

    public void Reconnect(params SimHost[] hosts)
    {
        _cuts.RemoveWhere(cut => hosts.Contains(cut.Item1) || hosts.Contains(cut.Item2));
        _cutFromStore.RemoveWhere(hosts.Contains);
        Trouble(Hosts);
    }

    public void Trouble(params SimHost[] hosts)
    {
        foreach (var host in hosts)
        {
            host.TroubleAt = World.Now;
        }
    }

    public void KillRedis(SimHost host)
    {
        host.Redis.Process.Kill();
        Trouble(host);
    }

    public void StartRedis(SimHost host, bool keepsData = true, TimeSpan lost = default, bool asMaster = false)
    {
        if (host.Redis.Process.IsDead)
        {
            host.Redis.Start(keepsData, lost, asMaster);
            Trouble(host);
        }
    }

    public void KillAgent(SimHost host)
    {
        host.AgentProcess.Kill();
        Trouble(host);
    }

    public void StartAgent(SimHost host)
    {
        if (host.AgentProcess.IsDead)
        {
            host.StartAgent();
            Trouble(host);
        }
    }

    public void Heal()
    {
        (Loss, IsMergeRefused, CanSetAside) = (0, false, true);
        (Coordinator.IsDown, Coordinator.RenewsNothing, Coordinator.Lateness) = (false, false, TimeSpan.Zero);
        Reconnect(Hosts);
        if (Coordinator.Document.Maintenance)
        {
            Command(new OperatorCommand.MaintenanceOff());
        }

        foreach (var host in Hosts)
        {
            host.AgentProcess.Thaw();
            host.Redis.Process.Thaw();
            StartRedis(host);
            StartAgent(host);
        }
    }

    /// <summary>An operator gives a command, and sees all that runs.</summary>
    public PlanResult Command(OperatorCommand command)
    {
        var outcome = new CommandPlanner(Timings).Plan(
            command,
            Coordinator.Document,
            Coordinator.Raised,
            Hosts.ToDictionary(
                host => host.Name,
                host => new MemberSight(
                    host.Redis.Process.IsRunning ? host.Redis.Look()
                        : host.Redis.Process.IsDead ? RedisSight.Refused
                        : RedisSight.Unreachable,
                    host.AgentProcess.IsRunning
                )
            ),
            Hosts[0].Wall
        );
        World.Tell($"{command}: {outcome.GetType().Name}");
        if (outcome is PlanResult.Planned planned)
        {
            Coordinator.Edit(_ => planned.Document);
        }

        return outcome;
    }

    /// <summary>
    /// A client that commits to whatever took its last commit, past every balancer.
    /// </summary>
    private void StartClient()
    {
        var believed = Hosts[0];
        World.Every(TimeSpan.FromMilliseconds(40), () =>
        {
            var (redis, commit) = (believed.Redis, ++_commits);
            believed = Hosts[World.Random.Next(Hosts.Length)];
            World.After(World.Draw(0.0005, 0.004), () => redis.Process.Deliver(() =>
                {
                    if (redis.Commit(commit) is { } epoch)
                    {
                        believed = redis.Host;
                        Checker.Accepted(redis, commit, epoch);
                    }
                }));
        });
    }
}
