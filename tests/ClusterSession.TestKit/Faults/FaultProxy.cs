using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ClusterSession.TestKit.Faults;

/// <summary>
/// A TCP proxy on loopback whose links can be made to fail in every way a network does, switched
/// while it runs.
///
///                     ToServer: hold, delay, limit, slice, corrupt
///   client  <--->  [proxy]  <--->  target (may change at run time)
///                     ToClient: the same, and replies that vanish after their command was executed
///
///   Cut         every connection is reset, new ones are refused
///   Blackhole   connections stay open, new ones are accepted, nothing passes and no FIN is seen: a partition, or a dead host
///   Heal        everything as at the start; what a black hole kept is delivered late (as TCP would retransmit it) or its connections are reset
///
/// It stands in for netem and toxiproxy, which are not everywhere. A refused connection must be
/// refused by the kernel, so the listener is really closed then; a second socket bound to the same
/// port (never listening) keeps the port ours meanwhile. Randomness (jitter, which bit is
/// corrupted) comes from one seed. Thread-safe.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Random _random;
    private readonly TimeProvider _time;
    private readonly Socket _portGuard;
    private readonly HashSet<ProxiedConnection> _connections = []; // under _lock
    private readonly List<Task> _running = []; // under _lock
    private readonly ReplyFraming _framing;
    private ReplyDrop[] _drops = []; // replaced whole under _lock, read anywhere
    private Socket? _listener; // under _lock; null while new connections are refused
    private EndPoint _target; // under _lock
    private bool _disposed; // under _lock

    private FaultProxy(EndPoint target, int seed, ReplyFraming framing, TimeProvider time)
    {
        _framing = framing;
        _target = target;
        _random = new Random(seed);
        _time = time;
        _portGuard = Bind(new IPEndPoint(IPAddress.Loopback, 0));
        EndPoint = (IPEndPoint)_portGuard.LocalEndPoint!;
    }

    /// <summary>Where clients connect to. Stays the same for the life of the proxy.</summary>
    public IPEndPoint EndPoint { get; }

    public int Port => EndPoint.Port;

    public LinkFaults ToServer { get; } = new();

    public LinkFaults ToClient { get; } = new();

    public FaultProxyCounters Counters { get; } = new();

    /// <summary>
    /// Where new connections go; existing ones stay where they are (see
    /// <see cref="ResetConnections"/>).
    /// </summary>
    public EndPoint Target
    {
        get
        {
            lock (_lock)
            {
                return _target;
            }
        }
        set
        {
            lock (_lock)
            {
                _target = value;
            }
        }
    }

    /// <param name="framing">The protocol, which only <see cref="DropReply(string, int)"/> needs to
    /// know.</param>
    public static FaultProxy Start(
        EndPoint target,
        int seed = 0,
        ReplyFraming framing = ReplyFraming.None,
        TimeProvider? time = null
    )
    {
        var proxy = new FaultProxy(target, seed, framing, time ?? TimeProvider.System);
        proxy.AcceptNew();
        return proxy;
    }

    /// <inheritdoc cref="Start(EndPoint, int, ReplyFraming, TimeProvider?)"/>
    public static FaultProxy Start(
        int targetPort,
        int seed = 0,
        ReplyFraming framing = ReplyFraming.None,
        TimeProvider? time = null
    ) => Start(new IPEndPoint(IPAddress.Loopback, targetPort), seed, framing, time);

    public void Cut()
    {
        RefuseNew();
        ResetConnections();
    }

    public void Blackhole()
    {
        ToServer.Hold();
        ToClient.Hold();
    }

    /// <param name="late">What connections that lived through a black hole do: deliver late what
    /// was kept, or end with a reset.</param>
    public void Heal(LateBytes late = LateBytes.Deliver)
    {
        if (late == LateBytes.Reset)
        {
            ResetConnections();
        }
        ToServer.Heal();
        ToClient.Heal();
        AcceptNew();
    }

    public void RefuseNew()
    {
        lock (_lock)
        {
            _listener?.Dispose();
            _listener = null;
        }
    }

    public void AcceptNew()
    {
        lock (_lock)
        {
            if (_listener is not null || _disposed)
            {
                return;
            }
            _listener = Bind(EndPoint);
            _listener.Listen(512);
            _running.Add(AcceptAsync(_listener));
        }
    }

    public void ResetConnections()
    {
        ProxiedConnection[] all;
        lock (_lock)
        {
            all = [.. _connections];
        }
        foreach (var connection in all)
        {
            connection.Reset();
        }
    }

    /// <summary>
    /// Drops the reply to the n-th request from now on, over all connections, that contains the
    /// pattern.
    /// </summary>
    public ReplyDrop DropReply(string pattern, int occurrence = 1) =>
        DropReply(Encoding.UTF8.GetBytes(pattern), occurrence);

    /// <inheritdoc cref="DropReply(string, int)"/>
    public ReplyDrop DropReply(byte[] pattern, int occurrence = 1)
    {
        var drop = new ReplyDrop(pattern, occurrence);
        lock (_lock)
        {
            Volatile.Write(ref _drops, [.. _drops.Where(d => !d.IsClaimed), drop]);
        }
        return drop;
    }

    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _disposed = true;
        }
        Cut();
        _portGuard.Dispose();
        Task[] running;
        lock (_lock)
        {
            running = [.. _running];
        }
        await Task.WhenAll(running);
    }

    internal ReplyTap NewTap() => new(_framing, () => Volatile.Read(ref _drops));

    internal void Forget(ProxiedConnection connection)
    {
        lock (_lock)
        {
            _connections.Remove(connection);
        }
        Counters.AddClosed();
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await listener.AcceptAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                return;
            }
            client.NoDelay = true;
            Counters.AddAccepted();
            var connection = new ProxiedConnection(client, this, _random, _time);
            lock (_lock)
            {
                _connections.Add(connection);
                _running.RemoveAll(t => t.IsCompleted);
                _running.Add(Task.Run(connection.RunAsync));
                if (_listener == listener)
                {
                    continue;
                }
            }
            connection.Reset(); // accepted by the kernel just before the cut
        }
    }

    private static Socket Bind(IPEndPoint endPoint)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // On Unix this also sets SO_REUSEPORT: guard and listener may share the port.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(endPoint);
        return socket;
    }
}
