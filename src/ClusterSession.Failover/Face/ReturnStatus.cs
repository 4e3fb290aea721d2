namespace ClusterSession.Failover.Face;

/// <summary>The way back to a member that is preferred to the present master.</summary>
/// <param name="To">Who becomes master again.</param>
/// <param name="IsOff">Whether it is not taken: an operator chose the present master.</param>
/// <param name="InStepMilliseconds">How long that member must be in step before.</param>
/// <param name="NotBefore">The end of the flapping window since the last one; null: it is
/// over.</param>
internal sealed record ReturnStatus(string To, bool IsOff, long InStepMilliseconds, DateTimeOffset? NotBefore);
