using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Failover.Deciding;

/// <summary>What an agent does to its own Redis. Each may be repeated.</summary>
internal abstract record RedisAction
{
    private RedisAction() { }

    /// <summary>
    /// Follow this process, under this lease, and no other that has its address.
    /// </summary>
    /// <param name="Member">Name of the member.</param>
    /// <param name="Tenure">Under which it admits replicas.</param>
    public sealed record Follow(string Member, Tenure Tenure) : RedisAction;

    /// <summary>
    /// Leave the master that it follows, and get nothing from anybody: the data stays as it is
    /// until it was looked at again. It is done by REPLICAOF to the next master as the user of
    /// lease 0, whom no master admits: the link never comes up.
    /// </summary>
    /// <param name="Next">Name of the member that is to be followed afterwards.</param>
    /// <param name="NextRunId">The process of that member.</param>
    public sealed record Leave(string Next, string NextRunId) : RedisAction
    {
        /// <summary>
        /// No master admits replicas under it: the replica gets nothing and keeps its data.
        /// </summary>
        public const long NoLease = 0;

        /// <summary>
        /// The tenure that the replica follows until it follows the next master. It gets nothing of
        /// it.
        /// </summary>
        public Tenure Tenure => new(NextRunId, NoLease);
    }

    /// <summary>
    /// Merge what this Redis has and the master lacks into that, in the background; then copy a
    /// snapshot of its data aside. The Redis itself is only read.
    /// </summary>
    /// <param name="Master">Name of the master.</param>
    /// <param name="Tenure">By which each write is fenced.</param>
    public sealed record Merge(string Master, Tenure Tenure) : RedisAction;

    /// <summary>Become a closed master and admit those that follow it under this lease.</summary>
    /// <param name="Tenure">Of this process.</param>
    public sealed record Promote(Tenure Tenure) : RedisAction;

    /// <summary>
    /// Delete the record, lock out the application's user, close its connections.
    /// </summary>
    public sealed record Close : RedisAction;

    /// <summary>
    /// Write the data's epoch and the record in one step, then admit clients and replicas. A
    /// command that a frozen Redis executes after its lease lets nobody in. Only where memory is
    /// full may a late one let a client in, whose writes are answered FENCED.
    /// </summary>
    /// <param name="Tenure">Of this process.</param>
    public sealed record Open(Tenure Tenure) : RedisAction;
}
