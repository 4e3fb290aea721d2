using ClusterSession.Transport.Links;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;
using ClusterSession.ZooKeeper.Connection;
using ClusterSession.ZooKeeper.Watches;

namespace ClusterSession.ZooKeeper.Client;

/// <summary>
/// What the link does, as states of the session. Each change is reported once, in order; no state
/// follows an end.
/// </summary>
internal sealed class StateKeeper(Action<ZooKeeperState>? onState, WatchTable watches)
    : ILinkObserver<ZooKeeperConnection>
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<ZooKeeperState> _ended = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private ZooKeeperState _state = ZooKeeperState.Connecting;

    public ZooKeeperState State
    {
        get
        {
            lock (_lock)
            {
                return _state;
            }
        }
    }

    /// <summary>Completes with the state that no other follows.</summary>
    public Task<ZooKeeperState> Ended => _ended.Task;

    public void OnConnected(ZooKeeperConnection connection) => Change(ZooKeeperState.Connected);

    public void OnDisconnected(ZooKeeperConnection connection, ConnectionException reason) =>
        Change(ZooKeeperState.Disconnected);

    public void OnConnectFailed(ServerAddress address, ConnectException failure)
    {
        if (failure.Failure == SessionFailures.Expired)
        {
            Change(ZooKeeperState.Expired);
        }
    }

    public void Change(ZooKeeperState state)
    {
        lock (_lock)
        {
            if (_state is ZooKeeperState.Expired or ZooKeeperState.Closed || _state == state)
            {
                return;
            }

            _state = state;
        }

        if (state is ZooKeeperState.Expired or ZooKeeperState.Closed)
        {
            watches.End();
            _ended.TrySetResult(state);
        }

        onState?.Invoke(state);
    }
}
