namespace ClusterSession.ZooKeeper.Protocol;

/// <summary>The greeting: a new session, or one to be continued.</summary>
/// <param name="LastZxid">The last change that was seen: a server that is behind it
/// refuses.</param>
/// <param name="TimeoutMilliseconds">How long the session is to live without a sign.</param>
/// <param name="SessionId">0: a new one.</param>
/// <param name="Password">Of the session; 16 zeros: a new one.</param>
internal sealed record ConnectRequest(long LastZxid, int TimeoutMilliseconds, long SessionId, byte[] Password)
{
    public const int PasswordBytes = 16;

    /// <summary>It has no header. The last byte: a server without a majority is no use.</summary>
    public ReadOnlyMemory<byte> Encode() =>
        new JuteWriter()
            .Int(0)
            .Long(LastZxid)
            .Int(TimeoutMilliseconds)
            .Long(SessionId)
            .Buffer(Password)
            .Bool(false)
            .Written;
}
