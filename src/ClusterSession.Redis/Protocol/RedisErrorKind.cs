namespace ClusterSession.Redis.Protocol;

/// <summary>What an error reply means for the command that it answers.</summary>
/// <remarks>
/// "Not executed" is meant strictly: no write of the command, or of the script, has happened.
/// Inside a script Redis checks memory, replicas, persistence and role before the first write only,
/// so those errors keep that meaning there.
/// </remarks>
internal enum RedisErrorKind
{
    /// <summary>Any other error. Unknown whether a script had written before it failed.</summary>
    Other,

    /// <summary>
    /// NOSCRIPT: the script is not in the server's cache (restart, failover, SCRIPT FLUSH). Not
    /// executed; send it with EVAL.
    /// </summary>
    NoScript,

    /// <summary>LOADING: the server reads its data from disk. Not executed; try later.</summary>
    Loading,

    /// <summary>
    /// READONLY: the server is a replica, so it was demoted or never was the master. Not executed;
    /// ask the topology.
    /// </summary>
    ReadOnly,

    /// <summary>OOM: maxmemory reached. Not executed; reads go on working.</summary>
    OutOfMemory,

    /// <summary>NOREPLICAS: fewer good replicas than min-replicas-to-write. Not executed.</summary>
    NoReplicas,

    /// <summary>MISCONF: the server cannot persist and refuses writes. Not executed.</summary>
    Misconf,

    /// <summary>BUSY: a script or function runs for too long. Not executed.</summary>
    Busy,

    /// <summary>
    /// MOVED: the slot belongs to another node of the cluster. Not executed; the text names slot
    /// and node.
    /// </summary>
    Moved,

    /// <summary>
    /// ASK: the slot is on its way to another node; ask that one once, with ASKING. Not executed.
    /// </summary>
    Ask,

    /// <summary>
    /// TRYAGAIN: some keys of the slot have moved, some have not. Not executed; try again soon.
    /// </summary>
    TryAgain,

    /// <summary>CLUSTERDOWN: the slot has no master now. Not executed.</summary>
    ClusterDown,

    /// <summary>
    /// MASTERDOWN: a replica without its master that does not serve old data. Not executed.
    /// </summary>
    MasterDown,

    /// <summary>NOAUTH: no password was given. Not executed.</summary>
    NoAuth,

    /// <summary>
    /// WRONGPASS: user or password is wrong, or the user is disabled. Not executed.
    /// </summary>
    WrongPass,

    /// <summary>
    /// NOPERM: the ACL forbids the command or key. As a command of its own not executed; a script
    /// may have written before.
    /// </summary>
    NoPerm,

    /// <summary>EXECABORT: a transaction was discarded. Not executed.</summary>
    ExecAbort,

    /// <summary>CROSSSLOT: the keys are in different slots. Not executed.</summary>
    CrossSlot,

    /// <summary>
    /// WRONGTYPE: somebody has put something else under the key. Not executed, also as a script of
    /// one key, which finds it out before it writes.
    /// </summary>
    WrongType,

    /// <summary>
    /// A script could not make sense of what it read: it reads and checks before it writes. Not
    /// executed.
    /// </summary>
    Unreadable,

    /// <summary>
    /// FENCED, of our own scripts: no agent holds the lease of this server. Not executed; ask the
    /// topology.
    /// </summary>
    Fenced,

    /// <summary>
    /// UNBLOCKED: the server became a replica while the command waited (WAIT, FAILOVER). Unknown.
    /// </summary>
    Unblocked,

    /// <summary>
    /// NOPROTO, or HELLO unknown: the server does not speak RESP3 (Redis before 6.0). Not executed.
    /// </summary>
    NoProto,
}
