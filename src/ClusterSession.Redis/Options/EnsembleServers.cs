using ClusterSession.ZooKeeper;

namespace ClusterSession.Redis;

/// <summary>
/// The servers of ZooKeeper in a connection string: <c>zookeeper=h1:2181</c>, and the parts without
/// a key that follow it at once.
/// </summary>
internal sealed class EnsembleServers
{
    /// <summary>Of credentials whose user is not named, as the agents have it.</summary>
    private const string DefaultUser = "cluster-session";

    private const string Key = "zookeeper";

    private readonly List<string> _servers = [];
    private bool _isNamed;
    private bool _isOpen;

    /// <summary>Whether this part begins the list of servers.</summary>
    public static bool IsStart(string part) =>
        part.Split('=', 2) is [var key, _] && key.Trim().Equals(Key, StringComparison.OrdinalIgnoreCase);

    /// <summary>Adds a part that belongs to the list. False if it does not.</summary>
    public bool TryAdd(string part)
    {
        if (IsStart(part))
        {
            (_isNamed, _isOpen) = (true, true);
            _servers.Add(part.Split('=', 2)[1].Trim());
            return true;
        }

        _isOpen &= !part.Contains('=', StringComparison.Ordinal);
        if (_isOpen)
        {
            _servers.Add(part);
        }

        return _isOpen;
    }

    /// <summary>Puts them into the options, and what goes with them.</summary>
    /// <exception cref="FormatException">They name no servers; says why.</exception>
    public void Complete(RedisOptions options)
    {
        if (!_isNamed)
        {
            return;
        }

        var read = ZooKeeperOptions.Parse(string.Join(',', _servers));
        var ensemble = options.ZooKeeper ??= new ZooKeeperOptions();
        ensemble.Chroot = read.Chroot;
        foreach (var server in read.Servers)
        {
            ensemble.Servers.Add(server);
        }

        if (ensemble.Password is not null)
        {
            ensemble.User ??= DefaultUser;
        }
    }
}
