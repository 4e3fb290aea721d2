using System.Collections.Concurrent;
using ClusterSession.Redis.Connection;
using ClusterSession.Transport.Diagnostics;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Redis.Diagnostics;

/// <summary>
/// Says what a server refuses or cannot do, each once for an endpoint, with what it costs.
/// Thread-safe.
/// </summary>
internal sealed class ServerLimits(ILogger logger)
{
    private readonly ConcurrentDictionary<(RedisEndpoint Endpoint, string What), byte> _said = new();

    /// <summary>What the handshake has found out.</summary>
    public void Say(RedisConnection connection, RedisCoherence coherence)
    {
        foreach (var refused in connection.Refused)
        {
            Say(connection, refused);
        }

        if (
            connection.Server is { RunId: "" } or { ReplicationId: "" }
            && !connection.Refused.Contains(RefusedCommand.Info)
            && IsNew(connection, nameof(RedisServerIdentity))
        )
        {
            logger.Unidentified(connection.Endpoint, RefusedCommand.Info.Cost);
        }

        if (connection.Untracked is { } reason && coherence == RedisCoherence.Auto && IsNew(connection, reason))
        {
            logger.Untracked(connection.Endpoint, LogSentence.Of(reason));
        }
    }

    /// <summary>A command was refused that the node can do without.</summary>
    public void Say(RedisConnection connection, RefusedCommand refused)
    {
        if (IsNew(connection, refused.Name))
        {
            logger.CommandRefused(connection.Endpoint, refused.Name, refused.Cost);
        }
    }

    private bool IsNew(RedisConnection connection, string what) => _said.TryAdd((connection.Endpoint, what), 0);
}
