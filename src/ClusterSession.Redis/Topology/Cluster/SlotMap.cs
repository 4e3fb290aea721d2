namespace ClusterSession.Redis.Topology.Cluster;

/// <summary>Who owns which slot, merged from the views of several nodes. Immutable.</summary>
/// <remarks>
/// A node tells what it believes, and one that was cut off believes old things. Slots carry the
/// configuration epoch of their owner, as in the cluster itself: a failover and a finished move
/// both give the new owner a higher one, so a claim with a lower epoch is out of date. There are
/// two exceptions. If the answering node does not know the owner at all, the owner was forgotten or
/// the cluster was set up anew. If the view shows the owner, at no lower epoch than before, without
/// the slot, the slot was moved: not every move gives the new owner a higher epoch. In both cases
/// the claim in the view counts, whatever its epoch.
/// </remarks>
internal sealed class SlotMap
{
    private readonly Owner?[] _slots;

    private readonly IReadOnlyDictionary<RedisEndpoint, RedisEndpoint> _mastersOfReplicas;

    private SlotMap(
        Owner?[] slots,
        IReadOnlySet<RedisEndpoint> masters,
        IReadOnlySet<RedisEndpoint> nodes,
        IReadOnlyDictionary<RedisEndpoint, RedisEndpoint> mastersOfReplicas
    ) => (_slots, Masters, Nodes, _mastersOfReplicas) = (slots, masters, nodes, mastersOfReplicas);

    /// <summary>Nothing is known.</summary>
    public static SlotMap Empty { get; } =
        new(
            new Owner?[HashSlot.Count],
            new HashSet<RedisEndpoint>(),
            new HashSet<RedisEndpoint>(),
            new Dictionary<RedisEndpoint, RedisEndpoint>()
        );

    /// <summary>The masters that own a slot, or may be given some.</summary>
    public IReadOnlySet<RedisEndpoint> Masters { get; }

    /// <summary>All nodes of the newest view, replicas too: whom to ask.</summary>
    public IReadOnlySet<RedisEndpoint> Nodes { get; }

    /// <summary>Whether every slot has an owner.</summary>
    public bool IsComplete => Array.TrueForAll(_slots, owner => owner is not null);

    /// <summary>The owner of a slot; null if none is known.</summary>
    public RedisEndpoint? this[int slot] => _slots[slot]?.Endpoint;

    /// <summary>The map with one more view taken in.</summary>
    public SlotMap With(IReadOnlyList<ClusterNode> view)
    {
        var slots = (Owner?[])_slots.Clone();
        var nodes = view.DistinctBy(node => node.Id).ToDictionary(node => node.Id);
        foreach (var node in view)
        {
            if (!node.IsMaster || node.Endpoint is not { } endpoint)
            {
                continue;
            }

            var owner = new Owner(node.Id, endpoint, node.Epoch);
            foreach (var (first, last) in node.Slots)
            {
                for (var slot = first; slot <= last; slot++)
                {
                    if (
                        slots[slot] is not { } old
                        || node.Epoch >= old.Epoch
                        || !nodes.TryGetValue(old.Id, out var seen)
                        || (seen.IsMaster && seen.Epoch >= old.Epoch && !seen.Claims(slot))
                    )
                    {
                        slots[slot] = owner;
                    }
                }
            }
        }

        var owners = slots.Where(owner => owner is not null).Select(owner => owner!.Endpoint).ToHashSet();
        owners.UnionWith(
            view.Where(node => node is { IsMaster: true, IsFailed: false, Slots.Count: 0, Endpoint: not null })
                .Select(node => node.Endpoint!.Value)
        );
        var known = view.Where(node => node.Endpoint is not null).ToList();
        var endpoints = known.DistinctBy(node => node.Id).ToDictionary(node => node.Id, node => node.Endpoint!.Value);
        var replicas = known
            .Where(node => node.MasterId is not null && endpoints.ContainsKey(node.MasterId))
            .DistinctBy(node => node.Endpoint)
            .ToDictionary(node => node.Endpoint!.Value, node => endpoints[node.MasterId!]);
        return new SlotMap(slots, owners, endpoints.Values.ToHashSet(), replicas);
    }

    /// <summary>
    /// Whose replica a node is by the newest view; null: it is none, or not known.
    /// </summary>
    public RedisEndpoint? MasterOf(RedisEndpoint replica) =>
        _mastersOfReplicas.TryGetValue(replica, out var master) ? master : null;

    private sealed record Owner(string Id, RedisEndpoint Endpoint, long Epoch);
}
