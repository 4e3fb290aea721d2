using ClusterSession.Transport.Options;
using ClusterSession.Transport.Sockets;
using ClusterSession.ZooKeeper.Client;
using ClusterSession.ZooKeeper.Connection;
using ClusterSession.ZooKeeper.Options;
using ClusterSession.ZooKeeper.Watches;

namespace ClusterSession.ZooKeeper;

/// <summary>
/// A session for ephemeral nodes that stand for a right, such as a lease: it lives only as long as
/// its holder prolongs it, and the holder knows until when it lives at least. Thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// The leader of the ensemble counts the life of sessions, from when it hears of a sign. A server
/// that follows it answers pings by itself and hands the signs on with the leader's own beat, every
/// half tick. Cut off from the leader it goes on answering, for as long as its read timeout
/// (syncLimit ticks), while the leader lets the session expire. Measured with ZooKeeper 3.8, five
/// times, ticks of 0.4 s, syncLimit 5: a session of 0.8 s was over at the leader 0.7 to 1.1 s after
/// the cut, and pings were answered until 1.8 to 2.0 s after it. So an answered ping proves
/// nothing, and a change proves that the session lived and not for how long. One thing is asked of
/// the leader at once: whether a session may be continued on a new connection, and that begins its
/// life anew.
/// </para>
/// <para>
/// So <see cref="ProlongAsync"/> connects again. <see cref="CountedFrom"/> is from before it asked:
/// the server counts from later on, and rounds up to a tick. Nothing else gives signs of life, lest
/// a holder that hangs keeps its right for ever.
/// </para>
/// </remarks>
public sealed class LeaseSession : IAsyncDisposable
{
    private readonly ServerAddress[] _servers;
    private readonly ZooKeeperSession _session;
    private readonly Connecting _connecting;
    private readonly ZooKeeperOptions _options;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _gate = new(1);
    private ZooKeeperConnection? _connection;
    private int _next;
    private long _countedFrom;

    private LeaseSession(ZooKeeperOptions options, TimeSpan life, TimeProvider clock, Random random)
    {
        _options = options;
        _clock = clock;
        _servers = ServerSelector.Shuffled(options, random);
        _session = new ZooKeeperSession(life);
        _connecting = new Connecting(options, _session, new WatchTable(), TimeProvider.System) { KeepsAlive = false };
    }

    /// <summary>The owner of its ephemeral nodes.</summary>
    public long SessionId => _session.Id;

    /// <summary>How long it lives, as the server has granted it.</summary>
    public TimeSpan Life => _session.Timeout;

    /// <summary>
    /// The time, by the clock that was given, from which it lives for <see cref="Life"/> at least.
    /// </summary>
    public long CountedFrom => Volatile.Read(ref _countedFrom);

    /// <summary>Begins a session.</summary>
    /// <param name="options">Where the servers are.</param>
    /// <param name="life">How long it is to live without being prolonged.</param>
    /// <param name="clock">The clock of <see cref="CountedFrom"/>.</param>
    /// <param name="random">Order of the servers.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public static async ValueTask<ZooKeeperResult<LeaseSession>> OpenAsync(
        ZooKeeperOptions options,
        TimeSpan life,
        TimeProvider clock,
        Random random,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(random);
        var session = new LeaseSession(options, life, clock, random);
        var code = await session.ProlongAsync(cancellationToken).ConfigureAwait(false);
        return new ZooKeeperResult<LeaseSession>(code, code == ZooKeeperCode.Ok ? session : null);
    }

    /// <summary>
    /// Begins its life anew. <see cref="ZooKeeperCode.SessionExpired"/>: it is over for good;
    /// <see cref="ZooKeeperCode.NotSent"/>: no server has agreed, and what was counted so far
    /// stands.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting; the next call begins with another
    /// server.</param>
    public async ValueTask<ZooKeeperCode> ProlongAsync(CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await DropAsync().ConfigureAwait(false);
            for (var tried = 0; tried < _servers.Length && !_session.IsExpired; tried++)
            {
                if (await TryAsync(cancellationToken).ConfigureAwait(false))
                {
                    return ZooKeeperCode.Ok;
                }
            }

            return _session.IsExpired ? ZooKeeperCode.SessionExpired : ZooKeeperCode.NotSent;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Does all of the changes in one step, or none.</summary>
    /// <param name="changes">The changes, in order.</param>
    /// <param name="cancellationToken">Ends the waiting; it may be done all the same.</param>
    public ValueTask<ZooKeeperResult<IReadOnlyList<NodeChangeResult>>> ChangeAsync(
        IEnumerable<NodeChange> changes,
        CancellationToken cancellationToken = default
    ) =>
        AskAsync(
            Commands.Multi(
                changes,
                path => NodePath.Full(_options.Chroot, path),
                full => NodePath.Shown(_options.Chroot, full),
                _options.Access
            ),
            cancellationToken
        );

    /// <summary>Reads a node, not older than the last change of this session.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public ValueTask<ZooKeeperResult<NodeData>> GetAsync(string path, CancellationToken cancellationToken = default) =>
        AskAsync(Commands.Get(NodePath.Full(_options.Chroot, path), watch: false), cancellationToken);

    /// <summary>Ends it at the server: its ephemeral nodes are gone then.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async ValueTask EndAsync(CancellationToken cancellationToken = default)
    {
        await AskAsync(Commands.CloseSession(), cancellationToken).ConfigureAwait(false);
        await DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Leaves it to run out by itself.</summary>
    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            await DropAsync().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<bool> TryAsync(CancellationToken cancellationToken)
    {
        // One that hangs is not the first of the next call, even if this one is cancelled.
        var server = _servers[_next++ % _servers.Length];
        var from = _clock.GetTimestamp();
        try
        {
            _connection = await _connecting.ConnectAsync(server, cancellationToken).ConfigureAwait(false);
        }
        catch (ConnectException)
        {
            return false;
        }

        _next--;
        Volatile.Write(ref _countedFrom, from);
        return true;
    }

    private async ValueTask DropAsync()
    {
        if (Interlocked.Exchange(ref _connection, null) is { } old)
        {
            await old.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask<ZooKeeperResult<T>> AskAsync<T>(Command<T> command, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _connection) is not { } connection)
        {
            return new ZooKeeperResult<T>(ZooKeeperCode.NotSent, default);
        }

        return await connection
            .SendAsync(command.On(connection))
            .AsTask()
            .WaitAsync(cancellationToken)
            .ConfigureAwait(false);
    }
}
