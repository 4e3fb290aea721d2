using ClusterSession.Stores;

namespace ClusterSession.Documents;

/// <summary>Up to where a document was read, and when.</summary>
/// <param name="At">When the answer was there, as a timestamp of this node.</param>
/// <param name="Position">The position.</param>
/// <param name="Partition">Where it was read.</param>
internal readonly record struct ReadPosition(long At, DocumentPosition Position, int Partition)
{
    /// <summary>Nothing was read, or nothing that counts.</summary>
    public static ReadPosition None => new(long.MinValue, DocumentPosition.None, 0);
}
