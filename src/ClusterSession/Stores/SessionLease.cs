namespace ClusterSession.Stores;

/// <summary>
/// How long a copy may be used without asking the store. One object stands for one connection, so
/// that all copies read over it lose their lease at once, without being visited, when it is lost.
/// </summary>
/// <remarks>
/// <para>Which one a store hands out:</para>
/// <code>
/// it announces changes by others       a lease of its own: current while the announcement of any
///                                      change would have come
/// it does not, and a copy may be old   For(time, span): current for a named time after the answer
///   for so long                        was asked for
/// it does not, and no copy may be old  None: each use of a copy asks by version. The store answers
///                                      with the record only if that has another one
///                                      (IClusterSessionStore.ReadAsync)
/// it is in this process                Always
/// </code>
/// <para>
/// Without announcements a node also learns late that a session was ended elsewhere: as late as the
/// lease says. Thread-safe; <see cref="IsCurrent"/> is read by every request and must be a few
/// nanoseconds.
/// </para>
/// </remarks>
public abstract class SessionLease
{
    /// <summary>
    /// A lease that never is current: the copy must be checked with the store each time.
    /// </summary>
    public static SessionLease None { get; } = new Never();

    /// <summary>A lease that always is current, for a store inside the process.</summary>
    public static SessionLease Always { get; } = new Forever();

    /// <summary>The lease of an answer that came over a connection which is gone by now.</summary>
    public static SessionLease Lost { get; } = new Gone();

    /// <summary>
    /// Whether the connection is lost, or all that was read over it was invalidated. A commit whose
    /// answer came under this lease, and is handled only now, may have been left out by the replay
    /// that the loss has begun: such a commit is sent once more.
    /// </summary>
    public virtual bool IsLost => false;

    /// <summary>Whether a copy under this lease may be used without asking the store.</summary>
    public abstract bool IsCurrent { get; }

    /// <summary>
    /// The number of the store's partition that it is good for. Default 0: the only one.
    /// </summary>
    public virtual int Partition => 0;

    /// <summary>
    /// Under which master of the partition it is good: a number that is higher after each change of
    /// the master. Default 0: the store does not count them.
    /// </summary>
    public virtual long Epoch => 0;

    /// <summary>
    /// A lease that is current for a named time: a change by others may stay unseen for that long.
    /// </summary>
    /// <param name="time">The clock that counts it, by its timestamps.</param>
    /// <param name="span">
    /// How long, from now on. A store makes it before it asks, because what it is answered may have
    /// changed right afterwards. Zero or less: never current.
    /// </param>
    /// <param name="partition">The number of the partition that was asked.</param>
    /// <param name="epoch">The ruler of the partition, if the store counts them.</param>
    public static SessionLease For(TimeProvider time, TimeSpan span, int partition = 0, long epoch = 0)
    {
        ArgumentNullException.ThrowIfNull(time);
        return new Timed(
            time,
            time.GetTimestamp() + (long)(span.TotalSeconds * time.TimestampFrequency),
            partition,
            epoch
        );
    }

    private sealed class Never : SessionLease
    {
        public override bool IsCurrent => false;
    }

    private sealed class Gone : SessionLease
    {
        public override bool IsCurrent => false;

        public override bool IsLost => true;
    }

    private sealed class Forever : SessionLease
    {
        public override bool IsCurrent => true;
    }

    private sealed class Timed(TimeProvider time, long until, int partition, long epoch) : SessionLease
    {
        public override bool IsCurrent => time.GetTimestamp() < until;

        public override int Partition => partition;

        public override long Epoch => epoch;
    }
}
