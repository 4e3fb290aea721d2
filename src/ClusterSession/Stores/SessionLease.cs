namespace ClusterSession.Stores;

/// <summary>
/// A store's word that it would have told of any change to a copy. One object stands for one connection, so that all copies read
/// over it lose their lease at once, without being visited, when it is lost.
/// </summary>
/// <remarks>Thread-safe; <see cref="IsCurrent"/> is read by every request and must be a few nanoseconds.</remarks>
public abstract class SessionLease
{
    /// <summary>A lease that never is current: the copy must be checked with the store each time.</summary>
    public static SessionLease None { get; } = new Never();

    /// <summary>A lease that always is current, for a store inside the process.</summary>
    public static SessionLease Always { get; } = new Forever();

    /// <summary>The lease of an answer that came over a connection which is gone by now.</summary>
    public static SessionLease Lost { get; } = new Gone();

    /// <summary>
    /// Whether the connection is gone, or all that was read over it has been called in. What was acknowledged over it may have come too late for a
    /// replay that its loss has begun.
    /// </summary>
    public virtual bool IsLost => false;

    /// <summary>Whether a copy under this lease may be used without asking the store.</summary>
    public abstract bool IsCurrent { get; }

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
}
