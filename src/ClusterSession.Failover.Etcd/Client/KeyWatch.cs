using Etcdserverpb;
using Grpc.Core;

namespace ClusterSession.Failover.Etcd.Client;

/// <summary>A watch on one connection, until that is lost.</summary>
internal sealed class KeyWatch(AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call) : IDisposable
{
    /// <summary>The next changes, or that etcd has ended the watch; null: the connection is
    /// lost.</summary>
    public async ValueTask<WatchResponse?> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false)
                ? call.ResponseStream.Current
                : null;
        }
        catch (Exception failure) when (failure is RpcException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
    }

    public void Dispose() => call.Dispose();
}
