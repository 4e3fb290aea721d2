using System.Collections.Concurrent;
using System.Net;

namespace ClusterSession.ChaosTests.Load.Http;

/// <summary>Idle connections to one node. Thread-safe.</summary>
internal sealed class PlainHttpPool(IPEndPoint endPoint) : IDisposable
{
    private readonly ConcurrentBag<PlainHttpConnection> _idle = [];

    /// <exception cref="RequestNotSentException">No connection could be made; certainly nothing
    /// happened.</exception>
    /// <exception cref="IOException">The connection broke on the way; anything may have
    /// happened.</exception>
    public async Task<HttpAnswer> SendAsync(
        string method,
        string target,
        string? cookie,
        byte[]? body,
        CancellationToken cancellationToken
    )
    {
        var connection = TakeIdle() ?? await PlainHttpConnection.ConnectAsync(endPoint, cancellationToken);
        try
        {
            return await connection.SendAsync(method, target, cookie, body, cancellationToken);
        }
        finally
        {
            if (connection.IsReusable)
            {
                _idle.Add(connection);
            }
            else
            {
                connection.Dispose();
            }
        }
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var connection))
        {
            connection.Dispose();
        }
    }

    private PlainHttpConnection? TakeIdle()
    {
        while (_idle.TryTake(out var connection))
        {
            if (!connection.IsStale)
            {
                return connection;
            }
            connection.Dispose();
        }
        return null;
    }
}
