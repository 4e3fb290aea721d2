using ClusterSession.Failover.Etcd.Client;
using ClusterSession.Failover.Leases;
using Etcdserverpb;
using Google.Protobuf;
using Mvccpb;

namespace ClusterSession.Failover.Etcd.Keys;

/// <summary>
/// The keys of one cluster, and the transactions on them.
/// </summary>
/// <remarks>
/// <code>
///   PATH/cluster-NAME         holder, ttl, document and its version, the last operations: every
///                             change but a renewal sets it, if its revision is still the one read
///   PATH/cluster-NAME/grant   set by each grant and by nothing else: its last change is the epoch,
///                             and stays known when the lease is gone
///   PATH/cluster-NAME/lease   goes with an etcd lease: there while the lease is held
/// </code>
/// A grant sets all three in one transaction, so they share its revision: the create revision of
/// the third one is the epoch.
/// </remarks>
internal sealed class ClusterKeys(string path, string cluster)
{
    private readonly ByteString _cluster = ByteString.CopyFromUtf8(Name(path, cluster));
    private readonly ByteString _grant = ByteString.CopyFromUtf8($"{Name(path, cluster)}/grant");
    private readonly ByteString _lease = ByteString.CopyFromUtf8($"{Name(path, cluster)}/lease");

    /// <summary>
    /// All of it at one moment, not older than the question; null: no server has told.
    /// </summary>
    /// <exception cref="InvalidDataException">The keys are of another user, or of another
    /// release.</exception>
    public async ValueTask<StoredState?> ReadAsync(EtcdClient client, CancellationToken cancellationToken)
    {
        // One transaction is one moment, and linearizable: etcd asks a majority before it answers.
        var request = new TxnRequest { Success = { Get(_cluster), Get(_grant), Get(_lease) } };
        if (await client.TransactAsync(request, cancellationToken).ConfigureAwait(false) is not { } answer)
        {
            return null;
        }

        var (document, grant, lease) = (Value(answer, 0), Value(answer, 1), Value(answer, 2));
        return new StoredState(
            document is null ? StoredCluster.None : StoredCluster.Decode(document.Value.Span),
            document?.ModRevision ?? 0,
            grant?.ModRevision ?? 0,
            lease?.CreateRevision ?? 0,
            lease?.Lease ?? 0,
            answer.Header.Revision,
            answer.Header.RaftTerm
        );
    }

    /// <summary>Takes the lease. The revision of this transaction is the epoch.</summary>
    public TxnRequest Take(StoredState seen, StoredCluster next, long lease) =>
        new()
        {
            Compare = { IsAt(_cluster, seen.ClusterRevision), IsMadeBy(_lease, 0) },
            Success = { Put(_cluster, next), Put(_grant, next.Holder), Put(_lease, next.Holder, lease) },
        };

    /// <summary>Frees the lease.</summary>
    public TxnRequest Free(StoredState seen, StoredCluster next) =>
        new()
        {
            Compare = { IsAt(_cluster, seen.ClusterRevision), IsMadeBy(_lease, seen.Created) },
            Success = { Put(_cluster, next), Delete(_lease) },
        };

    /// <summary>
    /// Writes the document. With <paramref name="epoch"/>, only while the lease of that epoch is
    /// held.
    /// </summary>
    public TxnRequest Write(StoredState seen, StoredCluster next, long? epoch)
    {
        var request = new TxnRequest
        {
            Compare = { IsAt(_cluster, seen.ClusterRevision) },
            Success = { Put(_cluster, next) },
        };
        if (epoch is { } created)
        {
            request.Compare.Add(IsMadeBy(_lease, created));
        }

        return request;
    }

    private static string Name(string path, string cluster) => $"{path}/cluster-{Uri.EscapeDataString(cluster)}";

    private static KeyValue? Value(TxnResponse answer, int index) =>
        answer.Responses[index].ResponseRange.Kvs is [var value] ? value : null;

    private static RequestOp Get(ByteString key) => new() { RequestRange = new RangeRequest { Key = key } };

    private static RequestOp Put(ByteString key, StoredCluster value) =>
        new()
        {
            RequestPut = new PutRequest { Key = key, Value = UnsafeByteOperations.UnsafeWrap(value.Encode()) },
        };

    private static RequestOp Put(ByteString key, string? value, long lease = 0) =>
        new()
        {
            RequestPut = new PutRequest
            {
                Key = key,
                Value = ByteString.CopyFromUtf8(value ?? ""),
                Lease = lease,
            },
        };

    private static RequestOp Delete(ByteString key) =>
        new() { RequestDeleteRange = new DeleteRangeRequest { Key = key } };

    private static Compare IsAt(ByteString key, long revision) =>
        new()
        {
            Key = key,
            Target = Compare.Types.CompareTarget.Mod,
            Result = Compare.Types.CompareResult.Equal,
            ModRevision = revision,
        };

    private static Compare IsMadeBy(ByteString key, long revision) =>
        new()
        {
            Key = key,
            Target = Compare.Types.CompareTarget.Create,
            Result = Compare.Types.CompareResult.Equal,
            CreateRevision = revision,
        };
}
