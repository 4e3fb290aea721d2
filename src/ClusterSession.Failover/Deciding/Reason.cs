namespace ClusterSession.Failover.Deciding;

/// <summary>Why an agent does nothing.</summary>
internal enum Reason
{
    /// <summary>Its Redis is the master by a lease, or by the promises of all others.</summary>
    IsMaster,

    /// <summary>Its Redis follows the master.</summary>
    Follows,

    /// <summary>The cluster is in maintenance.</summary>
    Maintenance,

    /// <summary>The document does not name it, or it was forgotten.</summary>
    NotAMember,

    /// <summary>The coordination store is not responding.</summary>
    StoreUnreachable,

    /// <summary>Its own Redis is not responding.</summary>
    RedisUnreachable,

    /// <summary>
    /// The agent was started a moment ago and may have promised something before.
    /// </summary>
    JustStarted,

    /// <summary>
    /// It became a member a moment ago, and the others may have promised without knowing it.
    /// </summary>
    JustAdopted,

    /// <summary>It has promised to take no lease.</summary>
    IsBound,

    /// <summary>Some members are not in sight yet.</summary>
    Gathering,

    /// <summary>Newer data is known to exist and cannot be used.</summary>
    NewerDataOutOfReach,

    /// <summary>The coordination store was lost: its next grant is below the data.</summary>
    StoreLost,

    /// <summary>Another member is to take the lease, or nobody can.</summary>
    NotTheTarget,

    /// <summary>A change is under way, and another agent's step comes first.</summary>
    ChangeUnderWay,

    /// <summary>
    /// The master is closed for a switch, or the lease is the next master's alone for a moment.
    /// </summary>
    HandingOver,

    /// <summary>
    /// It gives its lease up, and waits until nothing that it sent opens its Redis.
    /// </summary>
    GivingUp,

    /// <summary>The holder's Redis cannot be seen as a master that was opened under this
    /// lease.</summary>
    RulerNotInSight,

    /// <summary>Its Redis holds data that the master may lack. It stays closed until it was
    /// merged, which begins when the master is open and the ledger names it.</summary>
    Unmerged,
}
