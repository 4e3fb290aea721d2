using ClusterSession.Redis.Connection;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Signals;
using ClusterSession.Transport.Sockets;
using ClusterSession.ZooKeeper;
using ClusterSession.ZooKeeper.Options;

namespace ClusterSession.Redis.Topology.Published;

/// <summary>
/// The node in ZooKeeper in which agents keep their cluster, read again after each change.
/// </summary>
/// <remarks>
/// A watch outlives lost connections, so while ZooKeeper is away nothing is asked, and afterwards
/// nothing is missed. A session that has expired takes the watch with it: another one begins, and
/// reads. What cannot be read is tried again after a pause.
/// </remarks>
/// <param name="options">Where the ensemble is; without a path the agents' own is meant.</param>
/// <param name="cluster">The cluster's name; null: the only one below the path.</param>
/// <param name="time">Clock of deadlines and pauses.</param>
/// <param name="random">Order of servers.</param>
internal sealed class ZooKeeperDirectory(ZooKeeperOptions options, string? cluster, TimeProvider time, Random random)
    : IMasterDirectory
{
    /// <summary>As agents have it, unless told otherwise.</summary>
    public const string DefaultPath = "/cluster-session";

    private const string Prefix = "cluster-";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _stop = new();
    private readonly string _path = options.Chroot ?? DefaultPath;
    private string? _node = cluster is null ? null : $"/{Prefix}{Uri.EscapeDataString(cluster)}";
    private Task _following = Task.CompletedTask;

    /// <inheritdoc/>
    public ServerAddress Place => ServerNames.Parse(options.Servers[0]);

    /// <summary>The session of now: for tests, which end it by force.</summary>
    internal ZooKeeperClient? Client { get; private set; }

    private string Shown => $"ZooKeeper ({string.Join(',', options.Servers)})";

    /// <inheritdoc/>
    public void Start(IDirectoryListener listener) =>
        // On the pool, because it lives as long as the directory.
        Detached.Run(() => _following = Task.Run(() => RunAsync(listener)));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _following.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync(IDirectoryListener listener)
    {
        var settings = options.Copy();
        settings.Chroot = _path;
        try
        {
            while (true)
            {
                var client = new ZooKeeperClient(settings, state => Told(state, listener), time, random);
                await using (client.ConfigureAwait(false))
                {
                    client.Start();
                    Client = client;
                    await FollowAsync(client, listener).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Nobody listens any more.
        }
    }

    /// <summary>
    /// Tells the listener of a lost and of a new connection. No read finds these out: while the
    /// watch waits, no read is under way.
    /// </summary>
    private void Told(ZooKeeperState state, IDirectoryListener listener)
    {
        if (state == ZooKeeperState.Disconnected)
        {
            listener.Missing(new ConnectException(ConnectFailure.Unreachable, $"The connection to {Shown} was lost."));
        }
        else if (state == ZooKeeperState.Connected)
        {
            listener.Found();
        }
    }

    /// <summary>Until the session is over.</summary>
    private async Task FollowAsync(ZooKeeperClient client, IDirectoryListener listener)
    {
        while (client.State is not (ZooKeeperState.Expired or ZooKeeperState.Closed))
        {
            var watch = new NodeWatch();
            if (await LookAsync(client, watch, listener).ConfigureAwait(false))
            {
                await watch.Fired.WaitAsync(_stop.Token).ConfigureAwait(false);
            }
            else
            {
                await Task.Delay(Pause, time, _stop.Token).ConfigureAwait(false);
            }
        }
    }

    /// <summary>True: the watch tells of the next change.</summary>
    private async ValueTask<bool> LookAsync(ZooKeeperClient client, NodeWatch watch, IDirectoryListener listener)
    {
        if (_node is null && await FindAsync(client).ConfigureAwait(false) is { } unfound)
        {
            listener.Missing(unfound);
            return false;
        }

        var read = await client.GetAsync(_node!, watch, _stop.Token).ConfigureAwait(false);
        if (read.Code == ZooKeeperCode.SessionExpired)
        {
            return false; // The next session reads.
        }

        if (!read.IsOk)
        {
            listener.Missing(Unread(client, read.Code, $"{_path}{_node}"));
            return false;
        }

        try
        {
            listener.Published(PublishedNode.Read(read.Value.Data.Span, read.Value.Stat.Modified));
        }
        catch (InvalidDataException unreadable)
        {
            listener.Missing(
                new ConnectException(
                    ConnectFailure.Unsupported,
                    $"{Shown} has {_path}{_node}, which names no master. {unreadable.Message}",
                    unreadable
                )
            );
        }

        return true;
    }

    /// <summary>
    /// Finds the only cluster below the path. Returns what is wrong; null: it was found.
    /// </summary>
    private async ValueTask<ConnectException?> FindAsync(ZooKeeperClient client)
    {
        var children = await client.GetChildrenAsync("/", null, _stop.Token).ConfigureAwait(false);
        if (!children.IsOk)
        {
            return Unread(client, children.Code, _path);
        }

        var found = children
            .Value.Names.Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .ToArray();
        if (found is [var only])
        {
            _node = $"/{only}";
            return null;
        }

        return found.Length == 0
            ? Unread(client, ZooKeeperCode.NoNode, _path)
            : new ConnectException(
                RedisConnectFailure.NotPublished,
                $"{Shown} has several clusters below {_path}: "
                    + string.Join(", ", found.Select(name => Uri.UnescapeDataString(name[Prefix.Length..])))
                    + ". Name one of them: zookeeperCluster=..."
            );
    }

    private ConnectException Unread(ZooKeeperClient client, ZooKeeperCode code, string path) =>
        code switch
        {
            ZooKeeperCode.NoNode => new ConnectException(
                RedisConnectFailure.NotPublished,
                $"{Shown} has no cluster of agents at {path}. Correct the path behind the servers "
                    + "(zookeeper=host:port/path) or "
                    + "zookeeperCluster, as the agents have them, or start the agents."
            ),
            ZooKeeperCode.NoAuth or ZooKeeperCode.AuthFailed => new ConnectException(
                ConnectFailure.AccessDenied,
                $"{Shown} does not let this application read {path}. Set zookeeperUser and zookeeperPassword to "
                    + "what the agents have."
            ),
            _ when client.LastFailure is { } failure => new ConnectException(
                failure.Failure,
                $"{Shown} cannot be reached. {failure.Message}",
                failure
            ),
            _ => new ConnectException(ConnectFailure.Unreachable, $"{Shown} does not answer for {path} ({code})."),
        };
}
