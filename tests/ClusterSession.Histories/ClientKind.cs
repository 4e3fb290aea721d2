namespace ClusterSession.Histories;

public enum ClientKind
{
    /// <summary>One request at a time, one cookie jar.</summary>
    Sequential,

    /// <summary>
    /// Like a browser: several requests at once on one cookie jar, cookies applied in the order in
    /// which responses arrive.
    /// </summary>
    Parallel,

    /// <summary>
    /// A second jar with the same session, as on a second device. One request at a time.
    /// </summary>
    Device,

    /// <summary>Keeps an old cookie and replays it for ever, whatever the server sets.</summary>
    Thief,

    /// <summary>Reads at the end of a run, after everything has come to rest.</summary>
    Observer,
}
