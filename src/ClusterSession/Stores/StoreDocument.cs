namespace ClusterSession.Stores;

/// <summary>What a store answers of a document that all nodes share.</summary>
/// <param name="Position">
/// Up to which change the answer goes; <see cref="DocumentPosition.None"/> if there is no document,
/// which is not an empty one.
/// </param>
/// <param name="Failure">Why there was no regular answer.</param>
/// <param name="Lease">
/// How long what is known of the document may be relied on: while it is current, the observer would
/// have been called after a change by others. Null as <see cref="SessionLease.None"/>. A position
/// that was read under one lease is good for reading on under the same one only: another server may
/// have counted other changes by the same numbers.
/// </param>
public readonly record struct StoreDocument(
    DocumentPosition Position,
    StoreFailure Failure = StoreFailure.None,
    SessionLease? Lease = null
)
{
    private readonly IReadOnlyList<DocumentElement>? _elements;

    /// <summary>Whether the store answered.</summary>
    public bool IsAnswered => Failure == StoreFailure.None;

    /// <summary>
    /// Of an answer with <see cref="StoreFailure.Damaged"/>: what is wrong, for the log.
    /// </summary>
    public string? Damage { get; init; }

    /// <summary>Whether the document exists.</summary>
    public bool Exists => !Position.IsNone;

    /// <summary>Of a merge: the number of the last change before it.</summary>
    public long Before { get; init; }

    /// <summary>
    /// Of a reading: whether it begins with the first element, because the known position was none,
    /// or is none of this document.
    /// </summary>
    public bool IsFromBeginning { get; init; }

    /// <summary>
    /// Of a reading: whether that is all; else reading goes on from its position.
    /// </summary>
    public bool IsComplete { get; init; }

    /// <summary>
    /// Of a reading: the elements that were changed since, in the order of their changes.
    /// </summary>
    public IReadOnlyList<DocumentElement> Elements
    {
        get => _elements ?? [];
        init => _elements = value;
    }

    /// <summary>There is something under its key that is not to be used.</summary>
    /// <param name="what">What is wrong, as the rest of "damaged: ...", without any of its
    /// bytes.</param>
    public static StoreDocument Damaged(string what) => Unavailable(StoreFailure.Damaged) with { Damage = what };

    /// <summary>
    /// The store did not answer, or refused. This does not mean that the document is missing.
    /// </summary>
    /// <param name="failure">Why.</param>
    public static StoreDocument Unavailable(StoreFailure failure) => new(default, failure);
}
