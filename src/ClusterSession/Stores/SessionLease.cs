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

    /// <summary>Whether a copy under this lease may be used without asking the store.</summary>
    public abstract bool IsCurrent { get; }

    private sealed class Never : SessionLease
    {
        public override bool IsCurrent => false;
    }

    private sealed class Forever : SessionLease
    {
        public override bool IsCurrent => true;
    }
}
