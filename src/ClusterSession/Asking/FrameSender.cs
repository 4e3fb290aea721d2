using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.Asking;

/// <summary>Publishes frames of this node, where the store has a channel. Thread-safe.</summary>
internal sealed class FrameSender(IClusterSessionStore store, HybridClock clock, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private volatile StoreFailure _failure;

    public IStoreChannel? Channel => store.Channel;

    /// <summary>This process, as frames name it.</summary>
    public long Process => clock.Writer;

    /// <summary>Whether the last frame was not taken.</summary>
    public bool IsFailing => _failure != StoreFailure.None;

    /// <summary>Whether the store refused the last frame.</summary>
    public bool IsRefused => _failure == StoreFailure.Refused;

    /// <summary>Publishes a frame, and does not wait: it may be lost in any case.</summary>
    public void Send(byte[] frame) => _ = SendAsync(frame).AsTask();

    public async ValueTask<StoreFailure> SendAsync(byte[] frame)
    {
        if (Channel is not { } channel)
        {
            return StoreFailure.Unreachable;
        }

        var failure = await channel.PublishAsync(frame, new StoreDeadline(time, Patience)).ConfigureAwait(false);
        _failure = failure;
        return failure;
    }
}
