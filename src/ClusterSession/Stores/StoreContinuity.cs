namespace ClusterSession.Stores;

/// <summary>What the store behind a new connection has of what was acknowledged before.</summary>
/// <param name="Loss">What may be missing.</param>
/// <param name="SafeUntil">
/// For <see cref="StoreLoss.Recent"/>: what was acknowledged before this timestamp
/// (<see cref="TimeProvider.GetTimestamp"/>) is certainly there; <see cref="long.MinValue"/> where
/// the store cannot tell.
/// </param>
public readonly record struct StoreContinuity(StoreLoss Loss, long SafeUntil = long.MinValue);
