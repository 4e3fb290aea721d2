namespace ClusterSession.Stores;

/// <summary>
/// Small messages between the nodes of a cluster, over the store, on a connection of its own: what
/// fills it delays no session, and its loss says nothing of the store. A store that can carry them
/// returns this from <see cref="IClusterSessionStore.Channel"/>.
/// </summary>
/// <remarks>
/// A frame may be lost, repeated, delayed, and overtaken by a later one. No promise may need more:
/// what must arrive is kept as state, numbered, and completed whenever a channel is connected
/// (<see cref="IStoreChannelListener.OnConnected"/>). Thread-safe.
/// </remarks>
public interface IStoreChannel
{
    /// <summary>How many bytes a frame may have.</summary>
    const int MaxBytes = 4096;

    /// <summary>
    /// Begins to receive; waits for no connection. Called once, before the first frame is
    /// published.
    /// </summary>
    /// <param name="listener">Who receives.</param>
    /// <param name="cancellationToken">Gives up beginning.</param>
    ValueTask ListenAsync(IStoreChannelListener listener, CancellationToken cancellationToken);

    /// <summary>
    /// Sends a frame to all other nodes. <see cref="StoreFailure.None"/> means that the store has
    /// taken it, not that anybody has received it.
    /// </summary>
    /// <param name="frame">1 to <see cref="MaxBytes"/> bytes.</param>
    /// <param name="deadline">When the caller stops waiting.</param>
    /// <exception cref="ArgumentOutOfRangeException">The frame is empty or too long.</exception>
    ValueTask<StoreFailure> PublishAsync(ReadOnlyMemory<byte> frame, StoreDeadline deadline);
}
