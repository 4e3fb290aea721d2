using ClusterSession.Failover.Diagnostics;
using ClusterSession.Failover.Face;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Cli.Watching;

/// <summary>
/// Logs what has changed from one look of a watcher to the next: each thing once, not with every
/// look. Not thread-safe.
/// </summary>
/// <param name="logger">Gets the lines.</param>
internal sealed class SiteChangeLog(ILogger logger)
{
    private readonly HashSet<string> _silent = [];
    private readonly HashSet<string> _dissenting = [];
    private readonly HashSet<string> _second = [];
    private readonly Dictionary<string, string> _lost = [];
    private (string Master, long Epoch)? _named;
    private string? _doubted;
    private string? _unusable;
    private string? _ownName;
    private bool _isMajorityLost;

    public void Looked(SiteFacts facts)
    {
        Sentinels(facts);
        Majority(facts);
        Seconds(facts);
        Replicas(facts);
        Address(facts);
    }

    private void Sentinels(SiteFacts facts)
    {
        foreach (var sentinel in facts.Sight.Sentinels)
        {
            if (sentinel.Problem is { } problem)
            {
                if (_silent.Add(sentinel.Address))
                {
                    logger.SentinelLost(sentinel.Address, problem);
                }
            }
            else if (_silent.Remove(sentinel.Address))
            {
                logger.SentinelFound(sentinel.Address);
            }
        }

        var dissenting = facts.Dissenting.ToArray();
        _dissenting.IntersectWith(dissenting.Select(sentinel => sentinel.Address));
        foreach (var sentinel in dissenting.Where(one => _dissenting.Add(one.Address)))
        {
            logger.SentinelDiffers(
                sentinel.Address,
                sentinel.Master ?? "none",
                sentinel.Epoch,
                facts.Master!,
                facts.Epoch
            );
        }
    }

    private void Majority(SiteFacts facts)
    {
        if (facts.Master is not { } master)
        {
            if (!_isMajorityLost)
            {
                logger.MajorityLost(SentinelAlarms.NoMajority(facts));
            }

            _isMajorityLost = true;
            return;
        }

        if (_named != (master, facts.Epoch) || _isMajorityLost)
        {
            logger.MasterNamed(master, facts.Epoch);
        }

        (_named, _isMajorityLost) = ((master, facts.Epoch), false);
        var doubted = facts.IsFailingOver ? master : null;
        if (doubted is not null && doubted != _doubted)
        {
            logger.MasterDoubted(master);
        }

        _doubted = doubted;
        var unusable = facts.IsMastered ? null : master;
        if (unusable is not null && unusable != _unusable)
        {
            logger.MasterUnusable(
                master,
                facts.MasterServer?.Problem is null ? "says that it is a replica" : "is not responding"
            );
        }
        else if (unusable is null && _unusable == master)
        {
            logger.MasterUsable(master);
        }

        _unusable = unusable;
    }

    private void Seconds(SiteFacts facts)
    {
        if (facts.Master is { } master)
        {
            _second.Remove(master);
        }

        // One that is not responding may still be a master, whether the first one responds or not.
        foreach (var ended in facts.Sight.Redis.Where(server => server.Role == MemberRole.Replica))
        {
            if (_second.Remove(ended.Address))
            {
                logger.SecondMasterEnded(ended.Address);
            }
        }

        // If the master that the majority names is deposed, the other master is no second master.
        // Event 9044 says that it is deposed.
        if (facts is { IsMastered: true, DeposedBy: null })
        {
            foreach (var other in facts.OtherMasters.Where(other => _second.Add(other.Address)))
            {
                logger.SecondMaster(other.Address, facts.Master!);
            }
        }
    }

    private void Replicas(SiteFacts facts)
    {
        if (facts.Master is null)
        {
            return; // Whom they should follow is not known.
        }

        foreach (var replica in facts.Replicas)
        {
            var deficit = SiteAlarms.Deficit(facts, replica);
            if (deficit is null)
            {
                if (facts.IsFollowing(replica) && _lost.Remove(replica.Address))
                {
                    logger.ReplicaFound(replica.Address);
                }
            }
            else if (_lost.GetValueOrDefault(replica.Address) != deficit)
            {
                _lost[replica.Address] = deficit;
                logger.ReplicaLost(replica.Address, deficit);
            }
        }

        // What became the master, or is known no more, is no replica that could return.
        foreach (var gone in _lost.Keys.Except(facts.Replicas.Select(replica => replica.Address)).ToArray())
        {
            _lost.Remove(gone);
        }
    }

    private void Address(SiteFacts facts)
    {
        var name = facts.Sight.OwnName;
        if (name is not null && name != _ownName)
        {
            logger.AddressDiffers(name);
        }

        _ownName = name;
    }
}
