namespace ClusterSession.ZooKeeper.Protocol;

/// <summary>The answer to a greeting.</summary>
/// <param name="TimeoutMilliseconds">What the server grants; 0: the session has expired.</param>
/// <param name="SessionId">Its id; 0: the session has expired.</param>
/// <param name="Password">What it is continued with.</param>
internal sealed record ConnectResponse(int TimeoutMilliseconds, long SessionId, byte[] Password)
{
    public bool IsExpired => TimeoutMilliseconds <= 0 || SessionId == 0;

    public static ConnectResponse Read(ref JuteReader reader)
    {
        reader.Int(); // The version of the protocol, 0 ever since.
        return new ConnectResponse(reader.Int(), reader.Long(), reader.Buffer() ?? []);
    }
}
