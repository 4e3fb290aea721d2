namespace ClusterSession;

/// <summary>What a node does while its store is slow, down, or comes back as another.</summary>
public sealed class OutageOptions
{
    /// <summary>
    /// How long a request with a usable local copy waits for the store to confirm it; then it goes
    /// on with the copy.
    /// </summary>
    /// <value>Default 200 ms; 1 ms to 1 minute.</value>
    public TimeSpan SoftTimeout { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// How long any request waits for the store, over all that it asks of it until its response
    /// begins: opening, commits, repairs, and each of them again. After that it goes on with what
    /// this node has, or is rejected. An operation that was given up may still happen; repeating it
    /// is harmless.
    /// </summary>
    /// <value>Default 1 second; at least <see cref="SoftTimeout"/>, at most 5 minutes.</value>
    public TimeSpan HardTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// After how many operations in a row without an answer requests stop waiting for the store.
    /// </summary>
    /// <value>Default 5; 1 to 10,000.</value>
    public int BreakAfter { get; set; } = 5;

    /// <summary>How often the store is tried while requests do not wait for it.</summary>
    /// <value>Default 200 ms; 10 ms to 1 minute.</value>
    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// For how many sessions commits are kept here while the store does not take them. Past it, and
    /// with 0 at once, a commit that the store does not take is answered with 503.
    /// </summary>
    /// <value>Default 100,000; 0 to 10,000,000.</value>
    public int JournalSessions { get; set; } = 100_000;

    /// <summary>How many bytes of sessions are kept in this way.</summary>
    /// <value>Default 256 MiB; 0 to 64 GiB.</value>
    public long JournalBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>
    /// How long commits under <see cref="SessionDurability.Local"/> gather before they are sent:
    /// what a node that is killed takes with it. All commits of a session in that time are one
    /// command.
    /// </summary>
    /// <value>Default 100 ms; 0 to 1 minute.</value>
    public TimeSpan WriteBehindDelay { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// How far back a node can replay its commits into a store that has lost some: the longest time
    /// that replicas may lag, plus a failover.
    /// </summary>
    /// <value>Default 2 minutes; 0 to 1 day.</value>
    public TimeSpan ReplayWindow { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How many bytes of sessions are kept for replay.</summary>
    /// <value>Default 256 MiB; 0 to 64 GiB.</value>
    public long ReplayBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>
    /// How many sessions a second a node replays, so that a store that has just come back is not
    /// flooded.
    /// </summary>
    /// <value>Default 5,000; 1 to 1,000,000.</value>
    public int ReplayPerSecond { get; set; } = 5_000;

    /// <summary>
    /// How long a node that shuts down tries to save what only it has: replays to a store that
    /// was replaced what that may lack, and sends its journal.
    /// </summary>
    /// <value>Default 10 seconds; 0 to 1 hour. The host's own shutdown timeout (30 seconds by
    /// default) ends it too.</value>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>What happens when the store comes back empty, or is emptied.</summary>
    /// <value>Default <see cref="StoreResetPolicy.Repair"/>.</value>
    public StoreResetPolicy OnStoreReset { get; set; } = StoreResetPolicy.Repair;
}
