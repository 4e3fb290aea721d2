namespace ClusterSession.Stores;

/// <summary>
/// Receives what other nodes publish. Called on the channel's receiving loop, for one thing after
/// the other: quick, never blocking, and without exceptions.
/// </summary>
public interface IStoreChannelListener
{
    /// <summary>
    /// The channel can be received, for the first time or again: earlier frames may have been
    /// lost.
    /// </summary>
    void OnConnected();

    /// <summary>A frame of another node has come.</summary>
    /// <param name="frame">Its bytes, valid during the call only.</param>
    void OnFrame(ReadOnlySpan<byte> frame);
}
