using ClusterSession.Failover.Etcd.Options;
using Etcdserverpb;
using Grpc.Net.Client;

namespace ClusterSession.Failover.Etcd.Client;

/// <summary>One server of the cluster, and the connection to it.</summary>
internal sealed class EtcdServer : IDisposable
{
    private readonly GrpcChannel _channel;

    public EtcdServer(Uri address, EtcdOptions options)
    {
        Address = address.GetLeftPart(UriPartial.Authority);
        _channel = GrpcChannel.ForAddress(
            address,
            new GrpcChannelOptions
            {
                HttpHandler = options.CreateHandler(),
                DisposeHttpClient = true,
                ThrowOperationCanceledOnCancellation = true,
            }
        );
        Keys = new KV.KVClient(_channel);
        Leases = new Lease.LeaseClient(_channel);
        Users = new Auth.AuthClient(_channel);
    }

    /// <summary>Scheme, host and port.</summary>
    public string Address { get; }

    public KV.KVClient Keys { get; }

    public Lease.LeaseClient Leases { get; }

    public Auth.AuthClient Users { get; }

    public void Dispose() => _channel.Dispose();
}
