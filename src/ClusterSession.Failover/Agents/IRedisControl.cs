using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Failover.Agents;

/// <summary>
/// Commands the Redis beside the agent, and no other: what waits in the socket of a frozen Redis is
/// of its own agent. A command that fails or is not answered is an <see cref="IOException"/>; its
/// outcome is unknown, and it may come late.
/// </summary>
/// <remarks>
/// The Redis starts closed: the application's user is off, no user for replicas exists, and its
/// start command makes it a replica of an address where nobody listens. Expiries are times of day,
/// not durations: a command that waits while its Redis or its agent is frozen must not give a life
/// that is over. Agent and Redis share the clock of their host.
/// </remarks>
internal interface IRedisControl : IRedisProbe
{
    /// <summary>
    /// ACL DELUSER of the users for replicas, CLIENT KILL TYPE replica, CONFIG SET masteruser and
    /// REPLICAOF. The user's name is that of the tenure: another process at that address, or the
    /// same under another lease, does not admit it. Under lease 0, which nobody holds, it is
    /// admitted by no master: the replica leaves its former one and keeps its data, history and
    /// offset.
    /// </summary>
    /// <param name="member">Whose address it is.</param>
    /// <param name="tenure">Which process, under which lease.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    ValueTask FollowAsync(ClusterMember member, Tenure tenure, CancellationToken cancellation);

    /// <summary>
    /// REPLICAOF NO ONE and ACL SETUSER of the user for replicas. Clients stay locked out.
    /// </summary>
    /// <param name="tenure">This process: another one refuses.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    ValueTask PromoteAsync(Tenure tenure, CancellationToken cancellation);

    /// <summary>DEL of the record, ACL SETUSER off, CLIENT KILL USER, in this order.</summary>
    /// <param name="cancellation">Ends the waiting.</param>
    ValueTask CloseAsync(CancellationToken cancellation);

    /// <summary>
    /// First CONFIG SET min-replicas-to-write 0. Then one script: if this is the process, a master,
    /// its data's epoch is not above, and TIME is before <paramref name="until"/>, it SETs the
    /// data's epoch and the record (PXAT). Then ACL SETUSER of both users, in a transaction that
    /// fails if the record has expired. Where memory is full they are sent one by one: a late one
    /// may let a client in, whose writes are answered FENCED.
    /// </summary>
    /// <param name="tenure">This process and its lease.</param>
    /// <param name="until">When the record expires.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    ValueTask OpenAsync(Tenure tenure, DateTimeOffset until, CancellationToken cancellation);

    /// <summary>
    /// PEXPIREAT of the record, if it is this one (it works where memory is full). An expired
    /// record does not come back by it.
    /// </summary>
    /// <param name="tenure">This process and its lease.</param>
    /// <param name="until">When the record expires.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    ValueTask ExtendAsync(Tenure tenure, DateTimeOffset until, CancellationToken cancellation);

    /// <summary>
    /// Merges what this Redis has and a master lacks into that, over connections of its own: the
    /// other commands go on meanwhile. The only one that writes to another member's Redis: by
    /// scripts that look for the record of exactly this process and lease.
    /// </summary>
    /// <param name="target">Whose address it is.</param>
    /// <param name="tenure">Which process, under which lease.</param>
    /// <param name="terms">What may come back, and which replicas are to have it.</param>
    /// <param name="progress">
    /// Hears of it from time to time, the first time before anything is written.
    /// </param>
    /// <param name="cancellation">Ends it.</param>
    ValueTask<MergeOutcome> MergeAsync(
        ClusterMember target,
        Tenure tenure,
        MergeTerms terms,
        IProgress<MemberMergeCounts> progress,
        CancellationToken cancellation
    );

    /// <summary>
    /// BGSAVE, and a copy of the file as <c>set-aside-(epoch).rdb</c> in Redis' directory; then
    /// those of former epochs are removed. An <see cref="IOException"/> says why it is not
    /// possible.
    /// </summary>
    /// <param name="epoch">Number of the lease into which it was merged.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    ValueTask SetAsideAsync(long epoch, CancellationToken cancellation);
}
