using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Deciding;

/// <summary>
/// Everything that one agent knows at one moment. The state of the coordination store was read
/// before the members were looked at: so a member that is seen closed under a free lease stays
/// closed until the lease is taken.
/// </summary>
internal sealed record ClusterView
{
    /// <summary>Name of the member whose agent decides.</summary>
    public required string Self { get; init; }

    /// <summary>
    /// Whether it is a follower, which is no member: it reads what the agents of the members answer
    /// in place of a coordination store.
    /// </summary>
    public bool IsFollower { get; init; }

    /// <summary>Lease and document; null: the coordination store is not responding.</summary>
    public CoordinationState? State { get; init; }

    /// <summary>The document of that state, else the one that was read last.</summary>
    public required ClusterDocument Document { get; init; }

    /// <summary>What is seen of each member, also of one that does not respond.</summary>
    public required IReadOnlyDictionary<string, MemberSight> Members { get; init; }

    /// <summary>
    /// The time of day: for what people read, for the flapping window, for how long a member that
    /// failed is passed over, and for the ledger, which says what is too old to be merged.
    /// </summary>
    public DateTimeOffset Now { get; init; }

    /// <summary>Number of the lease that this agent counts; 0: none.</summary>
    public long LeaseEpoch { get; init; }

    /// <summary>
    /// What is left of that lease by the holder's own count, margin and drift deducted.
    /// </summary>
    public TimeSpan LeaseLeft { get; init; }

    /// <summary>
    /// How long all other agents are bound by their promises to take no lease, as this one counts.
    /// </summary>
    public TimeSpan OthersBoundFor { get; init; }

    /// <summary>How long this agent is bound by what it has promised.</summary>
    public TimeSpan BoundFor { get; init; }

    /// <summary>How long a record that this agent has sent may live yet.</summary>
    public TimeSpan RecordLeft { get; init; }

    /// <summary>How long ago the agent was started.</summary>
    public TimeSpan SinceStart { get; init; }

    /// <summary>
    /// How long ago it became a member while the agent ran; null: it was one already.
    /// </summary>
    public TimeSpan? MemberFor { get; init; }

    /// <summary>For how long the lease was seen free.</summary>
    public TimeSpan FreeFor { get; init; }

    /// <summary>For how long the document has not changed.</summary>
    public TimeSpan UnchangedFor { get; init; }

    /// <summary>For how long the switch of the document was seen.</summary>
    public TimeSpan SwitchFor { get; init; }

    /// <summary>For how long the ruler of the document was seen as such.</summary>
    public TimeSpan RulerFor { get; init; }

    /// <summary>How long an Open that was not answered may take effect yet.</summary>
    public TimeSpan OpenLeft { get; init; }

    /// <summary>For how long the own Redis has not answered.</summary>
    public TimeSpan SilentFor { get; init; }

    /// <summary>For how long the Redis of the ruler has not answered.</summary>
    public TimeSpan RulerSilentFor { get; init; }

    /// <summary>The own Redis.</summary>
    public RedisSight Own => Of(Self).Redis;

    /// <summary>The member whose Redis is this process; null: none in sight.</summary>
    public string? NameOf(string runId) => Members.FirstOrDefault(member => member.Value.Redis.RunId == runId).Key;

    /// <summary>What is seen of a member.</summary>
    public MemberSight Of(string member) => Members.GetValueOrDefault(member, MemberSight.None);
}
