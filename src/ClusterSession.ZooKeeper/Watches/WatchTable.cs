namespace ClusterSession.ZooKeeper.Watches;

/// <summary>
/// The watches of one session that have not fired. Thread-safe.
/// </summary>
/// <remarks>
/// A watch enters when the reply to its read is taken, on the reader loop, so before any event that
/// the server sends after that reply. The server keeps one watch for each node and kind, however
/// many wait here; and none once the connection is lost, so that the next one names them all.
/// Paths are those of the server.
/// </remarks>
internal sealed class WatchTable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(WatchKind Kind, string Path), List<NodeWatch>> _watches = [];
    private bool _isEnded;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _watches.Sum(static watches => watches.Value.Count);
            }
        }
    }

    public void Add(WatchKind kind, string path, NodeWatch watch)
    {
        lock (_lock)
        {
            if (!_isEnded)
            {
                if (!_watches.TryGetValue((kind, path), out var watches))
                {
                    _watches[(kind, path)] = watches = [];
                }

                watches.Add(watch);
                return;
            }
        }

        watch.Fire(new NodeEvent(NodeEventKind.SessionEnded, path));
    }

    /// <summary>All that the change fires.</summary>
    /// <param name="kind">What has happened.</param>
    /// <param name="path">As the server names it.</param>
    /// <param name="shown">As the watches are to name it.</param>
    public void Fire(NodeEventKind kind, string path, string shown)
    {
        WatchKind[] kinds = kind switch
        {
            NodeEventKind.Created or NodeEventKind.DataChanged => [WatchKind.Data, WatchKind.Exist],
            NodeEventKind.Deleted => [WatchKind.Data, WatchKind.Exist, WatchKind.Children],
            NodeEventKind.ChildrenChanged => [WatchKind.Children],
            _ => [],
        };
        var fired = new List<NodeWatch>();
        lock (_lock)
        {
            foreach (var one in kinds)
            {
                if (_watches.Remove((one, path), out var watches))
                {
                    fired.AddRange(watches);
                }
            }
        }

        foreach (var watch in fired)
        {
            watch.Fire(new NodeEvent(kind, shown));
        }
    }

    /// <summary>What is watched, each node and kind once.</summary>
    public IReadOnlyList<(WatchKind Kind, string Path)> Snapshot()
    {
        lock (_lock)
        {
            return [.. _watches.Keys];
        }
    }

    /// <summary>The session is over.</summary>
    public void End()
    {
        KeyValuePair<(WatchKind Kind, string Path), List<NodeWatch>>[] left;
        lock (_lock)
        {
            _isEnded = true;
            left = [.. _watches];
            _watches.Clear();
        }

        foreach (var (key, watches) in left)
        {
            watches.ForEach(watch => watch.Fire(new NodeEvent(NodeEventKind.SessionEnded, key.Path)));
        }
    }
}
