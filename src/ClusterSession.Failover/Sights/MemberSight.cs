namespace ClusterSession.Failover.Sights;

/// <summary>What an agent sees of one member.</summary>
/// <param name="Redis">Its Redis.</param>
/// <param name="IsAgentAlive">Whether its agent answered; of itself an agent says yes.</param>
internal sealed record MemberSight(RedisSight Redis, bool IsAgentAlive)
{
    /// <summary>What its agent says of a merge of its data; null: there is none.</summary>
    public MergeSight? Merge { get; init; }

    /// <summary>
    /// For how long its Redis was seen to follow the master closely; zero: it does not.
    /// </summary>
    public TimeSpan InStepFor { get; init; }

    /// <summary>
    /// For how long its Redis was not seen to follow the master closely; zero: it does.
    /// </summary>
    public TimeSpan OutOfStepFor { get; init; }

    /// <summary>
    /// How far its Redis had come when it answered last; null: it answers, or never did.
    /// </summary>
    public LastPosition? LastPosition { get; init; }

    /// <summary>A member of which nothing was seen.</summary>
    public static MemberSight None { get; } = new(RedisSight.Unreachable, false);

    /// <summary>
    /// Whether it can take part in a change: only its own agent commands a Redis.
    /// </summary>
    public bool IsUsable => Redis.IsReachable && IsAgentAlive;
}
