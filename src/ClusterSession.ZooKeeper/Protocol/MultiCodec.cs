using ClusterSession.Transport.Pipelines;

namespace ClusterSession.ZooKeeper.Protocol;

/// <summary>Several changes in one: each behind a header that names it, then a closing
/// one.</summary>
internal static class MultiCodec
{
    public static JuteWriter Write(IEnumerable<NodeChange> changes, Func<string, string> full, NodeAccess access)
    {
        var writer = new JuteWriter();
        foreach (var change in changes)
        {
            _ = change switch
            {
                NodeChange.Create create => Header(writer, OperationCode.Create2)
                    .Create(full(create.Path), create.Data.Span, access, create.Mode),
                NodeChange.Delete delete => Header(writer, OperationCode.Delete)
                    .Delete(full(delete.Path), delete.Version),
                NodeChange.Set set => Header(writer, OperationCode.SetData)
                    .Set(full(set.Path), set.Data.Span, set.Version),
                NodeChange.Check check => Header(writer, OperationCode.Check).Delete(full(check.Path), check.Version),
                _ => throw new ArgumentException($"No transaction knows {change}.", nameof(changes)),
            };
        }

        return writer.Int((int)OperationCode.Error).Bool(true).Int(-1);
    }

    /// <summary>
    /// The results of all changes, and the code of the refused one; Ok: none was refused. Of a
    /// refused transaction, those before it have Ok, those behind it RuntimeInconsistency.
    /// </summary>
    public static (ZooKeeperCode Code, NodeChangeResult[] Results) Read(ref JuteReader reader)
    {
        var results = new List<NodeChangeResult>();
        var first = ZooKeeperCode.Ok;
        while (true)
        {
            var type = (OperationCode)reader.Int();
            var isLast = reader.Bool();
            reader.Int();
            if (isLast)
            {
                return (first, [.. results]);
            }

            var result = type switch
            {
                OperationCode.Create => new NodeChangeResult(ZooKeeperCode.Ok, reader.Text(), null),
                OperationCode.Create2 => new NodeChangeResult(
                    ZooKeeperCode.Ok,
                    reader.Text(),
                    NodeRecords.ReadStat(ref reader)
                ),
                OperationCode.SetData => new NodeChangeResult(ZooKeeperCode.Ok, null, NodeRecords.ReadStat(ref reader)),
                OperationCode.Delete or OperationCode.Check => new NodeChangeResult(ZooKeeperCode.Ok, null, null),
                OperationCode.Error => new NodeChangeResult((ZooKeeperCode)reader.Int(), null, null),
                _ => throw new ProtocolException($"A transaction is answered by a result of type {(int)type}."),
            };
            results.Add(result);
            if (result.Code is not (ZooKeeperCode.Ok or ZooKeeperCode.RuntimeInconsistency))
            {
                first = first == ZooKeeperCode.Ok ? result.Code : first;
            }
        }
    }

    private static JuteWriter Header(JuteWriter writer, OperationCode code) =>
        writer.Int((int)code).Bool(false).Int(-1);
}
