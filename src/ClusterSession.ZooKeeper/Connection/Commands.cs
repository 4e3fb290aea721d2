using System.Text;
using ClusterSession.Transport.Pipelines;
using ClusterSession.ZooKeeper.Protocol;

namespace ClusterSession.ZooKeeper.Connection;

/// <summary>All that a server is asked. Paths are those of the server.</summary>
internal static class Commands
{
    public static Command<bool> Ping() => Plain(OperationCode.Ping, default) with { Xid = Xids.Ping };

    public static Command<bool> CloseSession() => Plain(OperationCode.CloseSession, default);

    public static Command<bool> Authenticate(string user, string? password) =>
        Plain(OperationCode.Auth, NodeRecords.Auth("digest", Encoding.UTF8.GetBytes($"{user}:{password}")).Written) with
        {
            Xid = Xids.Auth,
        };

    public static Command<bool> SetWatches(
        long zxid,
        IReadOnlyCollection<string> data,
        IReadOnlyCollection<string> exist,
        IReadOnlyCollection<string> children
    ) =>
        Plain(OperationCode.SetWatches, NodeRecords.Watches(zxid, data, exist, children).Written) with
        {
            Xid = Xids.SetWatches,
        };

    public static Command<CreatedNode> Create(
        string path,
        ReadOnlySpan<byte> data,
        NodeAccess access,
        CreateMode mode,
        Func<string, string> shown
    ) =>
        new(OperationCode.Create2, new JuteWriter().Create(path, data, access, mode).Written, (ref JuteReader reader) =>
            Ok(new CreatedNode(shown(Text(ref reader)), NodeRecords.ReadStat(ref reader)))
        );

    public static Command<bool> Delete(string path, int version) =>
        Plain(OperationCode.Delete, new JuteWriter().Delete(path, version).Written);

    public static Command<NodeStat> Set(string path, ReadOnlySpan<byte> data, int version) =>
        new(OperationCode.SetData, new JuteWriter().Set(path, data, version).Written, ReadStat);

    public static Command<NodeStat> Exists(string path, bool watch) =>
        new(OperationCode.Exists, NodeRecords.PathWatch(path, watch).Written, ReadStat);

    public static Command<NodeData> Get(string path, bool watch) =>
        new(OperationCode.GetData, NodeRecords.PathWatch(path, watch).Written, static (ref JuteReader reader) =>
            Ok(new NodeData(reader.Buffer() ?? ReadOnlyMemory<byte>.Empty, NodeRecords.ReadStat(ref reader)))
        );

    public static Command<NodeChildren> Children(string path, bool watch) =>
        new(OperationCode.GetChildren2, NodeRecords.PathWatch(path, watch).Written, static (ref JuteReader reader) =>
            Ok(new NodeChildren(reader.Texts(), NodeRecords.ReadStat(ref reader)))
        );

    /// <summary>The server catches up with the leader.</summary>
    public static Command<bool> Sync(string path) => Plain(OperationCode.Sync, NodeRecords.Path(path).Written);

    public static Command<IReadOnlyList<NodeChangeResult>> Multi(
        IEnumerable<NodeChange> changes,
        Func<string, string> full,
        Func<string, string> shown,
        NodeAccess access
    ) => new(OperationCode.Multi, MultiCodec.Write(changes, full, access).Written, (ref JuteReader reader) =>
        {
            var (code, results) = MultiCodec.Read(ref reader);
            return new ZooKeeperResult<IReadOnlyList<NodeChangeResult>>(
                code,
                [.. results.Select(result => result.Path is { } path ? result with { Path = shown(path) } : result)]
            );
        });

    private static Command<bool> Plain(OperationCode code, ReadOnlyMemory<byte> body) =>
        new(code, body, static (ref JuteReader _) => Ok(true));

    private static ZooKeeperResult<NodeStat> ReadStat(ref JuteReader reader) => Ok(NodeRecords.ReadStat(ref reader));

    private static string Text(ref JuteReader reader) =>
        reader.Text() ?? throw new ProtocolException("The path of a node that was made is missing.");

    private static ZooKeeperResult<T> Ok<T>(T value) => new(ZooKeeperCode.Ok, value);
}
