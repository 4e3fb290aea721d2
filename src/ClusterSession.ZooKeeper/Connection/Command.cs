using ClusterSession.ZooKeeper.Protocol;

namespace ClusterSession.ZooKeeper.Connection;

/// <summary>What is asked of a server, on whatever connection.</summary>
/// <typeparam name="T">What it brings.</typeparam>
/// <param name="Code">What it asks for.</param>
/// <param name="Body">The request behind its header.</param>
/// <param name="Read">Reads the reply.</param>
internal sealed record Command<T>(OperationCode Code, ReadOnlyMemory<byte> Body, ReplyBody<T> Read)
{
    /// <summary>Null: the next of the connection.</summary>
    public int? Xid { get; init; }

    /// <summary>
    /// Hears how it ended, on the reader loop, before any event that follows the reply.
    /// </summary>
    public Action<ZooKeeperCode>? OnReply { get; init; }

    public CommandRequest<T> On(ZooKeeperConnection connection) => new(this, connection);
}
