namespace ClusterSession.Transport.Sockets;

/// <summary>
/// Why a connection could not be made: a kind of reasons. These are of every protocol; each may add
/// its own.
/// </summary>
/// <param name="Name">Tells it from others.</param>
/// <param name="NeedsOperator">Whether waiting will not help: somebody has to change a setting. It
/// is still tried again, in case somebody does.</param>
internal sealed record ConnectFailure(string Name, bool NeedsOperator = false)
{
    /// <summary>
    /// Refused, no route, name not found, or closed during the handshake. May pass.
    /// </summary>
    public static ConnectFailure Unreachable { get; } = new(nameof(Unreachable));

    /// <summary>Not ready within the connect timeout. May pass.</summary>
    public static ConnectFailure TimedOut { get; } = new(nameof(TimedOut));

    /// <summary>The server is there and serves nobody yet. Will pass.</summary>
    public static ConnectFailure NotReady { get; } = new(nameof(NotReady));

    /// <summary>
    /// The certificate is not trusted or bears another name, or the server speaks no TLS. A matter
    /// for the operator.
    /// </summary>
    public static ConnectFailure TlsRefused { get; } = new(nameof(TlsRefused), NeedsOperator: true);

    /// <summary>
    /// User or password is wrong or missing, or the user lacks a permission. A matter for the
    /// operator.
    /// </summary>
    public static ConnectFailure AccessDenied { get; } = new(nameof(AccessDenied), NeedsOperator: true);

    /// <summary>
    /// The peer does not speak the protocol, or not the version of it, or does not have what is
    /// asked for. A matter for the operator.
    /// </summary>
    public static ConnectFailure Unsupported { get; } = new(nameof(Unsupported), NeedsOperator: true);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
