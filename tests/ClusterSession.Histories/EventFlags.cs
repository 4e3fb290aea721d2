namespace ClusterSession.Histories;

[Flags]
public enum EventFlags
{
    None = 0,

    /// <summary>
    /// The server said that this session went backwards (<c>IsRegressed</c>): the loss was not
    /// silent.
    /// </summary>
    Regressed = 1,

    /// <summary>The server refused the session by policy (503 with Retry-After).</summary>
    Rejected = 2,

    /// <summary>The server had no such session and answered with a new, empty one.</summary>
    NewSession = 4,

    /// <summary>
    /// Served without the real session (<c>ServeEmpty</c>): neither its emptiness nor its writes
    /// say anything about the session.
    /// </summary>
    ServedEmpty = 8,

    /// <summary>A read after everything has come to rest.</summary>
    Final = 16,

    /// <summary>A replica or peer was to confirm and did not in time.</summary>
    Shortfall = 32,
}
