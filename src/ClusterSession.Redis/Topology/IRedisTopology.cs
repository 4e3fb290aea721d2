using System.Diagnostics.CodeAnalysis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology;

/// <summary>Which connection serves a key now. Thread-safe.</summary>
/// <remarks>
/// Cases that an implementation answers for:
/// one server, Sentinel, Cluster, one address behind which the server changes. A connection that is
/// handed out was, when it was made, one to a server of the right role. It may be closed, or its
/// server demoted, a moment later: the caller tells what it was answered
/// (<see cref="ReportError"/>) and asks again.
/// </remarks>
internal interface IRedisTopology : IAsyncDisposable
{
    /// <summary>Begins connecting in the background. Called once.</summary>
    void Start();

    /// <summary>The open connection for a key, if there is one now.</summary>
    bool TryGetConnection(ReadOnlySpan<byte> key, [NotNullWhen(true)] out RedisConnection? connection);

    /// <summary>The connection for a key; waits for one at most for the connect timeout.</summary>
    /// <exception cref="ConnectException">There is none; nothing was sent.</exception>
    ValueTask<RedisConnection> GetConnectionAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken);

    /// <summary>Whether keys may be in several partitions. Default: no.</summary>
    bool IsPartitioned => false;

    /// <summary>The partitions that keys can be in now. Default: one.</summary>
    IReadOnlyList<RedisPartition> Partitions => [default];

    /// <summary>
    /// Which partition a key is in now (<see cref="RedisConnection.Partition"/>). Default: 0.
    /// </summary>
    int PartitionOf(ReadOnlySpan<byte> key) => 0;

    /// <summary>
    /// Tells what a server answered, so that the topology may look again:
    /// <see cref="RedisErrorKind.ReadOnly"/>, <see cref="RedisErrorKind.Moved"/> (with the error's
    /// text), <see cref="RedisErrorKind.ClusterDown"/> and the like. Other kinds are ignored.
    /// </summary>
    void ReportError(RedisConnection connection, RedisErrorKind kind, string? text = null);

    /// <summary>
    /// The connection to send one request on, right behind <see cref="AskingRequest"/>, after it
    /// was answered with <see cref="RedisErrorKind.Ask"/>; null where redirections mean nothing.
    /// </summary>
    /// <param name="connection">Who answered.</param>
    /// <param name="text">The error's text.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ConnectException">There is none; nothing was sent.</exception>
    ValueTask<RedisConnection?> GetRedirectAsync(
        RedisConnection connection,
        string text,
        CancellationToken cancellationToken
    ) => default;
}
