using ClusterSession.Transport.Options;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Transport.Links;

/// <summary>
/// One or several addresses, tried in turn. A protocol that does not accept every server that
/// answers there derives from it.
/// </summary>
/// <typeparam name="TConnection">The connection of the protocol.</typeparam>
internal class StaticEndpointSelector<TConnection> : IEndpointSelector<TConnection>
    where TConnection : PipelinedConnection
{
    private readonly ServerAddress[] _addresses;
    private int _next;

    /// <summary>Selects for one link.</summary>
    /// <param name="addresses">At least one.</param>
    public StaticEndpointSelector(IEnumerable<ServerAddress> addresses)
    {
        _addresses = [.. addresses];
        ArgumentOutOfRangeException.ThrowIfZero(_addresses.Length, nameof(addresses));
    }

    /// <inheritdoc/>
    public ServerAddress Place => _addresses[0];

    /// <inheritdoc/>
    public ValueTask<LinkTarget> NextAsync(CancellationToken cancellationToken) =>
        new(new LinkTarget(_addresses[_next % _addresses.Length]));

    /// <inheritdoc/>
    public virtual ValueTask AdmitAsync(
        TConnection connection,
        LinkTarget target,
        CancellationToken cancellationToken
    ) => default;

    /// <inheritdoc/>
    public bool Failed(LinkTarget? target, ConnectException failure)
    {
        // After a loss the same address comes first, since most losses are short; after a failure
        // the next one. The pause comes after all of them.
        _next++;
        return _next % _addresses.Length != 0;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(" or ", _addresses);
}
