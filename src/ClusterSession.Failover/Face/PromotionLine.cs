namespace ClusterSession.Failover.Face;

/// <summary>How often a member was promoted within the flapping window.</summary>
/// <param name="Member">Which.</param>
/// <param name="Count">How often.</param>
/// <param name="Last">When last.</param>
/// <param name="IsBarred">Whether it is not promoted again for a while.</param>
/// <param name="BarredUntil">When it may be promoted again; null: it may.</param>
internal sealed record PromotionLine(
    string Member,
    int Count,
    DateTimeOffset Last,
    bool IsBarred,
    DateTimeOffset? BarredUntil = null
);
