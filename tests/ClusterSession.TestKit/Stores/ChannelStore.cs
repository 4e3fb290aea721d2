using ClusterSession.Stores;

namespace ClusterSession.TestKit.Stores;

/// <summary>
/// A store whose channel loses, repeats, delays and reorders the frames of its node as a test
/// wants.
/// </summary>
public sealed class ChannelStore : ForwardingStore
{
    private readonly PassingChannel _channel;

    public ChannelStore(IClusterSessionStore inner)
        : base(inner) => _channel = new PassingChannel(inner.Channel!, this);

    /// <summary>What is sent in place of a frame; the frame itself by default.</summary>
    public Func<byte[], IEnumerable<byte[]>> Pass { get; set; } = static frame => [frame];

    /// <summary>Whether frames reach this node.</summary>
    public Func<byte[], bool> Takes { get; set; } = static _ => true;

    /// <summary>What is said of frames that are published.</summary>
    public StoreFailure Failure { get; set; }

    public override IStoreChannel? Channel => _channel;

    /// <summary>Publishes a frame as it is.</summary>
    public Task PublishAsync(byte[] frame) => base.Channel!.PublishAsync(frame, default).AsTask();

    protected override ValueTask<T> OnAsync<T>(
        StoreOperations operation,
        Func<ValueTask<T>> ask,
        Func<StoreFailure, T> unavailable
    ) => ask();

    private sealed class PassingChannel(IStoreChannel inner, ChannelStore store) : IStoreChannel
    {
        public ValueTask ListenAsync(IStoreChannelListener listener, CancellationToken cancellationToken) =>
            inner.ListenAsync(new PassingListener(listener, store), cancellationToken);

        public async ValueTask<StoreFailure> PublishAsync(ReadOnlyMemory<byte> frame, StoreDeadline deadline)
        {
            if (store.Failure != StoreFailure.None)
            {
                return store.Failure;
            }

            foreach (var passed in store.Pass(frame.ToArray()))
            {
                await inner.PublishAsync(passed, deadline);
            }

            return StoreFailure.None;
        }
    }

    private sealed class PassingListener(IStoreChannelListener inner, ChannelStore store) : IStoreChannelListener
    {
        public void OnConnected() => inner.OnConnected();

        public void OnFrame(ReadOnlySpan<byte> frame)
        {
            if (store.Takes(frame.ToArray()))
            {
                inner.OnFrame(frame);
            }
        }
    }
}
