using ClusterSession.Failover.Etcd.Options;
using Etcdserverpb;
using Grpc.Core;
using Grpc.Net.Client;

namespace ClusterSession.Failover.Etcd.Client;

/// <summary>One server of the cluster, and the connection to it.</summary>
/// <param name="address">Scheme, host and port.</param>
/// <param name="calls">Sends requests there.</param>
/// <param name="channel">What is closed with it.</param>
internal sealed class EtcdConnection(string address, CallInvoker calls, IDisposable? channel = null) : IDisposable
{
    public string Address => address;

    public KV.KVClient Keys { get; } = new(calls);

    public Lease.LeaseClient Leases { get; } = new(calls);

    public Auth.AuthClient Users { get; } = new(calls);

    /// <summary>It connects when it is asked first.</summary>
    public static EtcdConnection At(Uri address, EtcdOptions options)
    {
        var channel = GrpcChannel.ForAddress(
            address,
            new GrpcChannelOptions
            {
                HttpHandler = options.CreateHandler(),
                DisposeHttpClient = true,
                ThrowOperationCanceledOnCancellation = true,
            }
        );
        return new EtcdConnection(address.GetLeftPart(UriPartial.Authority), channel.CreateCallInvoker(), channel);
    }

    public void Dispose() => channel?.Dispose();
}
