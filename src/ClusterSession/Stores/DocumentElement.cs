namespace ClusterSession.Stores;

/// <summary>
/// One element of a document that all nodes share. Of two with one id the one with the greater
/// rank stays, whatever the order in which they come.
/// </summary>
/// <param name="Id">Which element: 1 to 255 bytes.</param>
/// <param name="Rank">Which of two with this id stays: 0 to 2^53.</param>
/// <param name="Payload">Further bytes; none is read by the store.</param>
/// <param name="Life">
/// How long the store is to keep it, or keeps it from now on, by the store's own clock;
/// <see cref="TimeSpan.MaxValue"/>: for ever.
/// </param>
public readonly record struct DocumentElement(
    ReadOnlyMemory<byte> Id,
    long Rank,
    ReadOnlyMemory<byte> Payload,
    TimeSpan Life
);
