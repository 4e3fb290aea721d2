using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Face;

/// <summary>The change under way.</summary>
/// <param name="Kind">Why it was begun.</param>
/// <param name="Step">The step that is being done.</param>
/// <param name="Epoch">Number of its lease.</param>
/// <param name="Target">The member that will be master.</param>
/// <param name="Source">The member whose data the target takes first; null: none.</param>
/// <param name="Since">When this step was first seen.</param>
/// <param name="LacksNewerData">Whether newer data is known that the target will not have.</param>
internal sealed record ChangeStatus(
    ChangeKind Kind,
    ChangeStep Step,
    long Epoch,
    string Target,
    string? Source,
    DateTimeOffset Since,
    bool LacksNewerData
);
