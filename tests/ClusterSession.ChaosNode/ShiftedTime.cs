namespace ClusterSession.ChaosNode;

/// <summary>A clock that is set wrong: time passes as ever, and the date is another one.</summary>
internal sealed class ShiftedTime(TimeSpan offset) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + offset;
}
