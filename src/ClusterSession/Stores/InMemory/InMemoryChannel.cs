namespace ClusterSession.Stores.InMemory;

/// <summary>
/// A channel between the nodes of one process: frames arrive before publishing ends.
/// </summary>
internal sealed class InMemoryChannel(InMemorySessions sessions) : IStoreChannel
{
    private volatile IStoreChannelListener? _listener;

    public ValueTask ListenAsync(IStoreChannelListener listener, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(listener);
        _listener = listener;
        sessions.Channels.TryAdd(this, true);
        listener.OnConnected();
        return ValueTask.CompletedTask;
    }

    public ValueTask<StoreFailure> PublishAsync(ReadOnlyMemory<byte> frame, StoreDeadline deadline)
    {
        ArgumentOutOfRangeException.ThrowIfZero(frame.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frame.Length, IStoreChannel.MaxBytes);
        foreach (var channel in sessions.Channels.Keys)
        {
            if (!ReferenceEquals(channel, this))
            {
                channel._listener?.OnFrame(frame.Span);
            }
        }

        return new(StoreFailure.None);
    }

    public void Close() => sessions.Channels.TryRemove(this, out _);
}
