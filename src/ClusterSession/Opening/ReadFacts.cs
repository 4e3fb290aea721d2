using ClusterSession.Local;
using ClusterSession.Stores;

namespace ClusterSession.Opening;

/// <summary>What is known when a session was read from the store.</summary>
/// <param name="Read">What the store said.</param>
/// <param name="Copy">How much of it this node's copy is, or null if there is none.</param>
/// <param name="IsCopyUsable">Whether the copy is within its idle timeout and before its
/// absolute end.</param>
/// <param name="IsKnownToBeEnded">Whether this node knows that it was ended, by any node.</param>
/// <param name="IsIdle">Whether nobody has used the session for too long.</param>
/// <param name="MustWaitForOthers">Whether another node's commit, on which this node made its own,
/// must be back in the store before this node adds its own.</param>
/// <param name="MayHaveLostEnds">Whether the store may have lost the end of the session.</param>
internal readonly record struct ReadFacts(
    StoreReadOutcome Read,
    CopyState? Copy = null,
    bool IsCopyUsable = false,
    bool IsKnownToBeEnded = false,
    bool IsIdle = false,
    bool MustWaitForOthers = false,
    bool MayHaveLostEnds = false
);
