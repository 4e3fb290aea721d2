namespace ClusterSession.ZooKeeper.Protocol;

/// <summary>The bodies of requests, and what replies hold.</summary>
internal static class NodeRecords
{
    public static JuteWriter Path(string path) => new JuteWriter().Text(path);

    public static JuteWriter PathWatch(string path, bool watch) => Path(path).Bool(watch);

    public static JuteWriter Delete(this JuteWriter writer, string path, int version) => writer.Text(path).Int(version);

    public static JuteWriter Set(this JuteWriter writer, string path, ReadOnlySpan<byte> data, int version) =>
        writer.Text(path).Buffer(data).Int(version);

    public static JuteWriter Create(
        this JuteWriter writer,
        string path,
        ReadOnlySpan<byte> data,
        NodeAccess access,
        CreateMode mode
    )
    {
        const int AllPermissions = 31;
        var (scheme, id) = access == NodeAccess.Creator ? ("auth", "") : ("world", "anyone");
        return writer.Text(path).Buffer(data).Int(1).Int(AllPermissions).Text(scheme).Text(id).Int((int)mode);
    }

    public static JuteWriter Auth(string scheme, ReadOnlySpan<byte> credentials) =>
        new JuteWriter().Int(0).Text(scheme).Buffer(credentials);

    public static JuteWriter Watches(
        long zxid,
        IReadOnlyCollection<string> data,
        IReadOnlyCollection<string> exist,
        IReadOnlyCollection<string> children
    ) => new JuteWriter().Long(zxid).Texts(data).Texts(exist).Texts(children);

    public static NodeStat ReadStat(ref JuteReader reader) =>
        new(
            Created: reader.Long(),
            Modified: reader.Long(),
            CreatedAt: DateTimeOffset.FromUnixTimeMilliseconds(reader.Long()),
            ModifiedAt: DateTimeOffset.FromUnixTimeMilliseconds(reader.Long()),
            Version: reader.Int(),
            ChildrenVersion: reader.Int(),
            AccessVersion: reader.Int(),
            Owner: reader.Long(),
            DataLength: reader.Int(),
            ChildCount: reader.Int(),
            ChildrenChanged: reader.Long()
        );
}
