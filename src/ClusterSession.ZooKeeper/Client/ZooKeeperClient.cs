using ClusterSession.Transport.Links;
using ClusterSession.Transport.Sockets;
using ClusterSession.ZooKeeper.Client;
using ClusterSession.ZooKeeper.Connection;
using ClusterSession.ZooKeeper.Options;
using ClusterSession.ZooKeeper.Watches;

namespace ClusterSession.ZooKeeper;

/// <summary>
/// One session with an ensemble of ZooKeeper servers, over whichever of them is reachable.
/// Thread-safe.
/// </summary>
/// <remarks>
/// <code><![CDATA[
///   Connecting --> Connected <--> Disconnected          its ephemeral nodes and watches live on
///        |             |                |
///        |             '--- Closed      '--> Expired     they are gone; the application decides
///        '------------------'
/// ]]></code>
/// A session that has expired is never replaced in silence: <see cref="State"/> says so, every
/// request ends with <see cref="ZooKeeperCode.SessionExpired"/>, every watch with
/// <see cref="NodeEventKind.SessionEnded"/>, and another session is another client. Nothing is sent
/// twice: a caller that gets <see cref="ZooKeeperCode.Unknown"/> reads and decides.
/// </remarks>
public sealed class ZooKeeperClient : IAsyncDisposable
{
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(1);

    private readonly ZooKeeperOptions _options;
    private readonly ZooKeeperSession _session;
    private readonly WatchTable _watches = new();
    private readonly StateKeeper _states;
    private readonly ReconnectingLink<ZooKeeperConnection> _link;
    private readonly TimeProvider _time;
    private int _isDisposed;

    /// <summary>A client that does not connect yet.</summary>
    /// <param name="options">Servers and times; not to be changed any more.</param>
    /// <param name="onState">Hears of each change of <see cref="State"/>, in order, on a thread
    /// that reconnecting waits for: quick, and without exceptions.</param>
    /// <param name="time">Clock of deadlines; default: the system's.</param>
    /// <param name="random">Order of servers, and pauses; default: a source of its own.</param>
    public ZooKeeperClient(
        ZooKeeperOptions options,
        Action<ZooKeeperState>? onState = null,
        TimeProvider? time = null,
        Random? random = null
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfZero(options.Servers.Count, nameof(options));
        _options = options;
        _time = time ?? TimeProvider.System;
        random ??= new Random();
        NodePath.Chroot(options.Chroot);
        _session = new ZooKeeperSession(options.SessionTimeout);
        _states = new StateKeeper(onState, _watches);
        var connecting = new Connecting(options, _session, _watches, _time);
        _link = new ReconnectingLink<ZooKeeperConnection>(
            new ServerSelector(ServerSelector.Shuffled(options, random), _session),
            connecting.ConnectAsync,
            connecting.LinkOptions,
            _time,
            random,
            _states
        );
    }

    /// <summary>How it stands to its session.</summary>
    public ZooKeeperState State => _states.State;

    /// <summary>Completes once the session has expired or the client was closed.</summary>
    public Task<ZooKeeperState> Ended => _states.Ended;

    /// <summary>
    /// Id of the session; 0: there is none yet. Together with the session's password it identifies
    /// this client.
    /// </summary>
    public long SessionId => _session.Id;

    /// <summary>How long the session lives without a sign, as the server has granted it.</summary>
    public TimeSpan SessionTimeout => _session.Timeout;

    /// <summary>The newest change (zxid) that a reply has told of.</summary>
    public long LastZxid => _session.LastZxid;

    /// <summary>Watches that have not fired.</summary>
    internal int WatchCount => _watches.Count;

    internal ZooKeeperSession Session => _session;

    /// <summary>Why no server could be reached; null while connected.</summary>
    internal ConnectException? LastFailure => _link.LastFailure;

    /// <summary>Begins to connect. Called once.</summary>
    public void Start() => _link.Start();

    /// <summary>Makes a node.</summary>
    /// <param name="path">Its path; the node above it must be there.</param>
    /// <param name="data">Its data; a server takes a million bytes by default.</param>
    /// <param name="mode">How long it stays.</param>
    /// <param name="cancellationToken">Ends the waiting; it may be done all the same.</param>
    public ValueTask<ZooKeeperResult<CreatedNode>> CreateAsync(
        string path,
        ReadOnlyMemory<byte> data,
        CreateMode mode = CreateMode.Persistent,
        CancellationToken cancellationToken = default
    ) => AskAsync(Commands.Create(Full(path), data.Span, _options.Access, mode, Shown), cancellationToken);

    /// <summary>Makes a node and those above it, the path of the chroot included.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns><see cref="ZooKeeperCode.Ok"/> where it was there already.</returns>
    public async ValueTask<ZooKeeperCode> EnsureAsync(string path, CancellationToken cancellationToken = default)
    {
        var full = Full(path);
        for (var end = 0; end < full.Length; )
        {
            var next = full.IndexOf('/', end + 1);
            end = next < 0 ? full.Length : next;
            var command = Commands.Create(full[..end], [], _options.Access, CreateMode.Persistent, Shown);
            var made = await AskAsync(command, cancellationToken).ConfigureAwait(false);
            if (made.Code is not (ZooKeeperCode.Ok or ZooKeeperCode.NodeExists))
            {
                return made.Code;
            }
        }

        return ZooKeeperCode.Ok;
    }

    /// <summary>Deletes a node without children.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="version">The version that it must have; -1: any.</param>
    /// <param name="cancellationToken">Ends the waiting; it may be done all the same.</param>
    public async ValueTask<ZooKeeperCode> DeleteAsync(
        string path,
        int version = -1,
        CancellationToken cancellationToken = default
    ) => (await AskAsync(Commands.Delete(Full(path), version), cancellationToken).ConfigureAwait(false)).Code;

    /// <summary>Changes the data of a node.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="data">Its data.</param>
    /// <param name="version">The version that it must have; -1: any.</param>
    /// <param name="cancellationToken">Ends the waiting; it may be done all the same.</param>
    public ValueTask<ZooKeeperResult<NodeStat>> SetAsync(
        string path,
        ReadOnlyMemory<byte> data,
        int version = -1,
        CancellationToken cancellationToken = default
    ) => AskAsync(Commands.Set(Full(path), data.Span, version), cancellationToken);

    /// <summary>Reads a node.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="watch">Fires when it is changed or deleted; null: none.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public ValueTask<ZooKeeperResult<NodeData>> GetAsync(
        string path,
        NodeWatch? watch = null,
        CancellationToken cancellationToken = default
    )
    {
        var full = Full(path);
        var command = Commands.Get(full, watch is not null);
        return AskAsync(command with { OnReply = Watch(watch, full, WatchKind.Data, null) }, cancellationToken);
    }

    /// <summary>Whether a node is there, and what is known of it.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="watch">Fires when it is made, changed or deleted; null: none.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns><see cref="ZooKeeperCode.NoNode"/> where it is not there.</returns>
    public ValueTask<ZooKeeperResult<NodeStat>> ExistsAsync(
        string path,
        NodeWatch? watch = null,
        CancellationToken cancellationToken = default
    )
    {
        var full = Full(path);
        var command = Commands.Exists(full, watch is not null);
        return AskAsync(
            command with
            {
                OnReply = Watch(watch, full, WatchKind.Data, WatchKind.Exist),
            },
            cancellationToken
        );
    }

    /// <summary>Reads the names of a node's children.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="watch">Fires when a child is made or deleted, or the node itself deleted; null:
    /// none.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public ValueTask<ZooKeeperResult<NodeChildren>> GetChildrenAsync(
        string path,
        NodeWatch? watch = null,
        CancellationToken cancellationToken = default
    )
    {
        var full = Full(path);
        var command = Commands.Children(full, watch is not null);
        return AskAsync(command with { OnReply = Watch(watch, full, WatchKind.Children, null) }, cancellationToken);
    }

    /// <summary>
    /// Lets the server catch up with the leader: what is read afterwards is not older than this
    /// call. (This is not strict: the answer may come from a leader that was cut off and has not
    /// noticed that. A change in place of this call is strict.)
    /// </summary>
    /// <param name="path">Any path.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async ValueTask<ZooKeeperCode> SyncAsync(string path, CancellationToken cancellationToken = default) =>
        (await AskAsync(Commands.Sync(Full(path)), cancellationToken).ConfigureAwait(false)).Code;

    /// <summary>Does all of the changes in one step, or none.</summary>
    /// <param name="changes">The changes, in order.</param>
    /// <param name="cancellationToken">Ends the waiting; it may be done all the same.</param>
    /// <returns>The code of the change that was refused, or <see cref="ZooKeeperCode.Ok"/>, and the
    /// result of each.</returns>
    public ValueTask<ZooKeeperResult<IReadOnlyList<NodeChangeResult>>> ChangeAsync(
        IEnumerable<NodeChange> changes,
        CancellationToken cancellationToken = default
    ) => AskAsync(Commands.Multi(changes, Full, Shown, _options.Access), cancellationToken);

    /// <summary>
    /// Ends the session where a server can be told: its ephemeral nodes are gone then.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        if (_link.Current is { } connection)
        {
            using var patience = new CancellationTokenSource(ClosePatience, _time);
            Task closing = connection.SendAsync(Commands.CloseSession().On(connection)).AsTask();
            await closing.WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _states.Change(ZooKeeperState.Closed);
        await _link.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Loses the connection, as a network does: for tests.</summary>
    internal void Disconnect() => _link.Current?.Close("a test wants it so.");

    private async ValueTask<ZooKeeperResult<T>> AskAsync<T>(Command<T> command, CancellationToken cancellationToken)
    {
        if (EndCode() is { } ended)
        {
            return new ZooKeeperResult<T>(ended, default);
        }

        ZooKeeperConnection connection;
        try
        {
            connection = await _link.GetAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ConnectException)
        {
            return new ZooKeeperResult<T>(EndCode() ?? ZooKeeperCode.NotSent, default);
        }

        return await connection
            .SendAsync(command.On(connection))
            .AsTask()
            .WaitAsync(cancellationToken)
            .ConfigureAwait(false);
    }

    private ZooKeeperCode? EndCode() =>
        State switch
        {
            ZooKeeperState.Expired => ZooKeeperCode.SessionExpired,
            ZooKeeperState.Closed => ZooKeeperCode.Closed,
            _ => _session.IsExpired ? ZooKeeperCode.SessionExpired : null,
        };

    private Action<ZooKeeperCode>? Watch(NodeWatch? watch, string full, WatchKind found, WatchKind? missing) =>
        watch is null
            ? null
            : code =>
            {
                if (code == ZooKeeperCode.Ok)
                {
                    _watches.Add(found, full, watch);
                }
                else if (code == ZooKeeperCode.NoNode && missing is { } kind)
                {
                    _watches.Add(kind, full, watch);
                }
            };

    private string Full(string path) => NodePath.Full(_options.Chroot, path);

    private string Shown(string full) => NodePath.Shown(_options.Chroot, full);
}
