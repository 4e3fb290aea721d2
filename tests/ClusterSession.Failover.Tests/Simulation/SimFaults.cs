using ClusterSession.Failover.Operating;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>Draws faults and what ends them, and commands of an operator.</summary>
internal sealed class SimFaults(SimCluster cluster)
{
    private readonly SimWorld _world = cluster.World;

    /// <summary>From now until then.</summary>
    public void Draw(TimeSpan until)
    {
        if (_world.Now >= until)
        {
            return;
        }

        Strike(cluster.Hosts[_world.Random.Next(cluster.Hosts.Length)]);
        _world.After(_world.Draw(0.2, 4), () => Draw(until));
    }

    private void Strike(SimHost host)
    {
        var kind = _world.Random.Next(33);
        var end = _world.Draw(0.05, _world.Happens(0.5) ? 1 : 8);
        _world.Tell($"fault {kind} at {host.Name} for {end.TotalSeconds:0.000}");
        switch (kind)
        {
            case 0:
                Pause(end, host, host.AgentProcess);
                break;
            case 1:
                Pause(end, host, host.Redis.Process);
                break;
            case 2:
                Pause(end, host, host.AgentProcess, host.Redis.Process);
                break;
            case 3:
                cluster.KillAgent(host);
                _world.After(end, () => cluster.StartAgent(host));
                break;
            case 4 or 5:
                KillRedis(host, end, isAgentToo: false, asMaster: false);
                break;
            case 6:
                KillRedis(host, end, isAgentToo: true, asMaster: false);
                break;
            case 7:
                KillRedis(host, end, isAgentToo: _world.Happens(0.5), asMaster: true);
                break;
            case 8:
                cluster.Isolate(host, alsoFromStore: true);
                _world.After(end, () => cluster.Reconnect(host));
                break;
            case 9:
                cluster.CutFromStore(host);
                _world.After(end, () => cluster.Reconnect(host));
                break;
            case 10:
                cluster.Cut(host, cluster.Hosts[_world.Random.Next(cluster.Hosts.Length)]);
                _world.After(end, () => cluster.Reconnect(host));
                break;
            case 11:
                cluster.Coordinator.IsDown = true;
                cluster.Trouble(cluster.Hosts);
                _world.After(end, () => cluster.Coordinator.IsDown = false);
                break;
            case 12:
                host.WallOffset += _world.Draw(-20, 20);
                break;
            case 13:
                cluster.Coordinator.ChangeLeader();
                cluster.Loss = 0.05;
                cluster.Trouble(cluster.Hosts);
                _world.After(end, () => cluster.Loss = 0);
                break;
            case 14:
                host.FaultPoint = (host.Steps + _world.Random.Next(1, 6), () => Pause(end, host, host.AgentProcess));
                break;
            case 15:
                host.FaultPoint = (host.Steps + _world.Random.Next(1, 6), () =>
                {
                    cluster.KillAgent(host);
                    _world.After(end, () => cluster.StartAgent(host));
                });
                break;
            case 16 or 17 or 18:
                Command(new OperatorCommand.SwitchTo(host.Name));
                break;
            case 19:
                Command(new OperatorCommand.Failover());
                break;
            case 20:
                Command(new OperatorCommand.Reinit(host.Name));
                break;
            case 21:
                Command(new OperatorCommand.MaintenanceOn());
                _world.After(end, () => Command(new OperatorCommand.MaintenanceOff()));
                break;
            case 22:
                Command(new OperatorCommand.Discard(host.Name));
                break;
            case 23:
                cluster.IsMergeRefused = true;
                _world.After(end, () => cluster.IsMergeRefused = false);
                break;
            case 24:
                cluster.CanSetAside = false;
                _world.After(end, () => cluster.CanSetAside = true);
                break;
            case 25:
                ChangeLeader(host);
                break;
            case 26:
                host.Redis.Process.Deliver(() => host.Redis.Promote(null)); // By hand.
                break;
            case 27:
                SlowStore(end);
                break;
            case 28:
                cluster.Coordinator.Linger(end);
                break;
            case 29:
                cluster.Coordinator.RenewsNothing = true;
                cluster.Trouble(cluster.Hosts);
                _world.After(end, () => cluster.Coordinator.RenewsNothing = false);
                break;
            case 30:
                cluster.Coordinator.End();
                break;
            default:
                GrantEarly(end);
                break;
        }
    }

    /// <summary>
    /// The store is away for as long as it takes to elect another leader, and an operator switches
    /// while promises run.
    /// </summary>
    private void ChangeLeader(SimHost host)
    {
        cluster.Coordinator.IsDown = true;
        cluster.Trouble(cluster.Hosts);
        _world.After(_world.Draw(0.3, 1.2), () =>
        {
            cluster.Coordinator.IsDown = false;
            cluster.Coordinator.ChangeLeader();
            _world.After(_world.Draw(0, 2), () => Command(new OperatorCommand.SwitchTo(host.Name)));
        });
    }

    private void SlowStore(TimeSpan end)
    {
        cluster.Coordinator.Lateness = _world.Draw(0.05, _world.Happens(0.5) ? 0.5 : 3);
        cluster.Trouble(cluster.Hosts);
        _world.After(end, () =>
        {
            cluster.Coordinator.Lateness = TimeSpan.Zero;
            cluster.Trouble(cluster.Hosts);
        });
    }

    /// <summary>
    /// The lease is ended, and can be taken by another, while its holder cannot hear of it: the
    /// holder or its host is cut off or stands still.
    /// </summary>
    private void GrantEarly(TimeSpan end)
    {
        if (cluster.Coordinator.Holder is not { } name)
        {
            return;
        }

        var holder = cluster.Find(name);
        switch (_world.Random.Next(4))
        {
            case 0:
                cluster.CutFromStore(holder);
                _world.After(end, () => cluster.Reconnect(holder));
                break;
            case 1:
                Pause(end, holder, holder.AgentProcess);
                break;
            default:
                cluster.Isolate(holder, alsoFromStore: true);
                _world.After(end, () => cluster.Reconnect(holder));
                break;
        }

        _world.After(_world.Draw(0, 0.5), cluster.Coordinator.End);
    }

    private void Command(OperatorCommand command)
    {
        if (cluster.Coordinator.IsDown || cluster.Command(command) is not PlanResult.Planned)
        {
            return;
        }

        cluster.Trouble(cluster.Hosts);
    }

    private void Pause(TimeSpan end, SimHost host, params SimProcess[] processes)
    {
        foreach (var process in processes)
        {
            process.Pause();
        }

        cluster.Trouble(host);
        _world.After(end, () =>
        {
            foreach (var process in processes)
            {
                process.Thaw();
            }

            cluster.Trouble(host);
        });
    }

    private void KillRedis(SimHost host, TimeSpan end, bool isAgentToo, bool asMaster)
    {
        cluster.KillRedis(host);
        var lost = _world.Happens(0.5) ? TimeSpan.Zero : _world.Draw(0, 1);
        var keepsData = _world.Happens(0.85);
        _world.After(end, () => cluster.StartRedis(host, keepsData, lost + end, asMaster));
        if (isAgentToo)
        {
            cluster.KillAgent(host);
            _world.After(_world.Draw(0.05, 8), () => cluster.StartAgent(host));
        }
    }
}
