namespace ClusterSession.Failover.Face;

/// <summary>The lease. An agent that has it may open its Redis.</summary>
/// <param name="Holder">
/// The member to whom it was granted last; null: nobody, it was released, or unknown.
/// </param>
/// <param name="IsHeld">Whether it was running at the last look.</param>
/// <param name="Epoch">Number of the last grant; 0: there was none, or it is unknown.</param>
/// <param name="LeftMilliseconds">
/// What is left of it, or of the others' promises; only its holder knows.
/// </param>
internal sealed record LeaseStatus(string? Holder, bool IsHeld, long Epoch, long? LeftMilliseconds);
