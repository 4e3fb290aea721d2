namespace ClusterSession.TestKit.Nodes;

/// <summary>Which server a node runs on. They differ in the callbacks before the headers.</summary>
public enum ServerKind
{
    /// <summary>In memory. A callback that is registered while callbacks run is lost.</summary>
    TestServer,

    /// <summary>
    /// On a free port of the loopback. A callback that is registered while callbacks run is run.
    /// </summary>
    Kestrel,

    /// <summary>In memory, with the order of IIS in process: registered while callbacks run, a
    /// callback is lost.</summary>
    LikeIis,

    /// <summary>In memory, with the order of HTTP.sys: registered while callbacks run, a callback
    /// is refused by an exception.</summary>
    LikeHttpSys,
}
