using ClusterSession.Stores;

namespace ClusterSession.Documents;

/// <summary>What became of reading a document.</summary>
/// <param name="Failure">Why the store did not respond.</param>
/// <param name="IsComplete">Whether all of its elements were read.</param>
/// <param name="IsOther">Whether it is not the document that was read before: that is lost.</param>
internal readonly record struct DocumentReading(StoreFailure Failure, bool IsComplete, bool IsOther)
{
    public bool IsAnswered => Failure == StoreFailure.None;
}
