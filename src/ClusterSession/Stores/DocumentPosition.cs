namespace ClusterSession.Stores;

/// <summary>
/// How much of a document is known: all changes up to one of them.
/// </summary>
/// <param name="Incarnation">
/// Drawn at random when the document was made: one that was lost and made again has another. 0:
/// there is no document.
/// </param>
/// <param name="Sequence">The number of the last change; each change of an element has the
/// next.</param>
public readonly record struct DocumentPosition(long Incarnation, long Sequence)
{
    /// <summary>Nothing is known.</summary>
    public static DocumentPosition None => default;

    /// <summary>Whether nothing is known.</summary>
    public bool IsNone => Incarnation == 0;
}
