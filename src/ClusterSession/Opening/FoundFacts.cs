namespace ClusterSession.Opening;

/// <summary>
/// What has come of the step of the first table of <see cref="OpenTable"/>, and of the wait so far.
/// </summary>
/// <param name="IsThere">Whether there is a record.</param>
/// <param name="IsDestroyed">Whether the record is that of a session that was ended.</param>
/// <param name="IsPastAbsoluteEnd">Whether it is past its absolute end.</param>
/// <param name="HasWhatClientSaw">Whether it contains the commit that the client has seen.</param>
/// <param name="HasExpired">Whether a session that is missing has expired, as far as is
/// known.</param>
/// <param name="MayAsk">Whether the other nodes can be asked for it, and were not.</param>
/// <param name="IsBeingRecovered">
/// Whether nodes are still recovering sessions in the store: one that was written long ago may be
/// among them, and in use.
/// </param>
/// <param name="IsPatienceOver">Whether what is missing is not expected to be brought back any
/// more.</param>
/// <param name="HasTimeLeft">Whether the store's next answer would come in time.</param>
/// <param name="HasStoreJustReturned">
/// Whether the store came back as another so recently that what is missing is likely on its way.
/// </param>
/// <param name="MayBeFoundLater">Whether a node that may have it has not answered, the node that
/// made the commit is not heard of, or too many are missing for it to be asked yet.</param>
internal readonly record struct FoundFacts(
    bool IsThere,
    bool IsDestroyed = false,
    bool IsPastAbsoluteEnd = false,
    bool HasWhatClientSaw = false,
    bool HasExpired = false,
    bool MayAsk = false,
    bool IsBeingRecovered = false,
    bool IsPatienceOver = false,
    bool HasTimeLeft = false,
    bool HasStoreJustReturned = false,
    bool MayBeFoundLater = false
);
