using ClusterSession.Failover.Etcd.Options;
using Etcdserverpb;
using Grpc.Core;

namespace ClusterSession.Failover.Etcd.Client;

/// <summary>
/// Sends each request to one server of the cluster. After a server has not responded, the next
/// request goes to the next server.
/// </summary>
/// <remarks>
/// A request is sent once. Only the caller can tell whether it was done, so the caller repeats it.
/// Null is an outcome of its own: nobody knows whether the request was done. Each request has a
/// header that asks for a leader, so a server without a leader says so at once. What a person has
/// to mend is an exception.
/// </remarks>
internal sealed class EtcdClient : IAsyncDisposable
{
    private const string NeedsLeader = "hasleader";
    private const string Token = "token";

    private readonly EtcdOptions _options;
    private readonly EtcdConnection[] _servers;
    private int _current;
    private volatile string? _token;

    public EtcdClient(EtcdOptions options)
        : this(options, [.. options.Servers.Select(server => EtcdConnection.At(server, options))]) { }

    /// <summary>Over servers that are reached already.</summary>
    public EtcdClient(EtcdOptions options, EtcdConnection[] servers) => (_options, _servers) = (options, servers);

    /// <summary>Reads, or changes keys if they are as expected; null: unknown.</summary>
    public ValueTask<TxnResponse?> TransactAsync(TxnRequest request, CancellationToken cancellationToken) =>
        AskAsync(
            async (server, headers, token) =>
                await server.Keys.TxnAsync(request, headers, cancellationToken: token).ConfigureAwait(false),
            cancellationToken
        );

    /// <summary>Begins a lease; null: unknown, and one that nobody uses runs out.</summary>
    public ValueTask<LeaseGrantResponse?> GrantAsync(long seconds, CancellationToken cancellationToken)
    {
        var request = new LeaseGrantRequest { TTL = seconds };
        return AskAsync(
            async (server, headers, token) =>
                await server.Leases.LeaseGrantAsync(request, headers, cancellationToken: token).ConfigureAwait(false),
            cancellationToken
        );
    }

    /// <summary>Begins the life of a lease anew, once. A ttl of 0: it is over. Null:
    /// unknown.</summary>
    public ValueTask<LeaseKeepAliveResponse?> KeepAliveAsync(long lease, CancellationToken cancellationToken) =>
        AskAsync(
            async (server, headers, token) =>
            {
                using var call = server.Leases.LeaseKeepAlive(headers, cancellationToken: token);
                var request = new LeaseKeepAliveRequest { ID = lease };
                await call.RequestStream.WriteAsync(request, token).ConfigureAwait(false);
                return await call.ResponseStream.MoveNext(token).ConfigureAwait(false)
                    ? call.ResponseStream.Current
                    : throw new RpcException(new Status(StatusCode.Unavailable, "The server ended the stream."));
            },
            cancellationToken
        );

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            server.Dispose();
        }

        return default;
    }

    private async ValueTask<T?> AskAsync<T>(
        Func<EtcdConnection, Metadata, CancellationToken, Task<T>> ask,
        CancellationToken cancellationToken
    )
        where T : class
    {
        var current = Volatile.Read(ref _current);
        var server = _servers[current];
        using var deadline = new CancellationTokenSource(_options.RequestTimeout, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var headers = await HeadersAsync(server, both.Token).ConfigureAwait(false);
            return await ask(server, headers, both.Token).ConfigureAwait(false);
        }
        catch (RpcException failure)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (EtcdFailures.IsOfToken(failure))
            {
                _token = null; // It has expired, or the servers were started again.
                return null;
            }

            EtcdFailures.ThrowIfForPeople(failure, server.Address);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // This server has not responded in time.
        }

        Interlocked.CompareExchange(ref _current, (current + 1) % _servers.Length, current);
        return null;
    }

    private async ValueTask<Metadata> HeadersAsync(EtcdConnection server, CancellationToken cancellationToken)
    {
        var headers = new Metadata { { NeedsLeader, "true" } };
        if (_options.User is not { } user)
        {
            return headers;
        }

        if (_token is not { } token)
        {
            var request = new AuthenticateRequest { Name = user, Password = _options.Password };
            var answer = await server
                .Users.AuthenticateAsync(request, headers, cancellationToken: cancellationToken)
                .ConfigureAwait(false);
            _token = token = answer.Token;
        }

        headers.Add(Token, token);
        return headers;
    }
}
