namespace ClusterSession.ZooKeeper.Protocol;

/// <summary>What every message of a server begins with, but for the answer to a greeting.</summary>
/// <param name="Xid">Number of the request.</param>
/// <param name="Zxid">Number of the last change that the server had applied; not above 0: none is
/// said.</param>
/// <param name="Error">0, or why it was refused.</param>
internal readonly record struct ReplyHeader(int Xid, long Zxid, int Error)
{
    public const int Size = 16;

    public static ReplyHeader Read(ref JuteReader reader) => new(reader.Int(), reader.Long(), reader.Int());
}
