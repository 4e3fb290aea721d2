using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Connection.Fencing;

/// <summary>
/// Lets in the server whose agent holds the lease, under no lower epoch than was seen. Histories
/// are not looked at: a former master that rules again, after what it has was merged, is the ruler.
/// </summary>
/// <param name="leaseKey">Where the lease record is.</param>
/// <param name="setting">What asks for the lease, as messages name it.</param>
internal sealed class LeaseAdmission(byte[] leaseKey, string setting)
{
    private readonly LeaseEpochs _epochs = new();

    /// <inheritdoc cref="LeaseEpochs.Greatest"/>
    public long Greatest => _epochs.Greatest;

    /// <summary>
    /// Whether an epoch that somebody names is not lower than the greatest one seen; remembers it.
    /// </summary>
    public bool Accept(long epoch) => _epochs.Accept(epoch);

    /// <summary>Judges a server, and gives its connection the gate of every write.</summary>
    /// <exception cref="ConnectException">It is not to be used.</exception>
    public async ValueTask AdmitAsync(RedisConnection connection)
    {
        var server = connection.Server;
        if (server.Mode == RedisServerIdentity.ClusterMode)
        {
            throw new ConnectException(
                ConnectFailure.Unsupported,
                $"{connection.Endpoint} is a node of a cluster, which no agent switches over: take {setting} out."
            );
        }

        if (server.RunId.Length != LeaseRecord.RunIdLength)
        {
            throw new ConnectException(
                ConnectFailure.AccessDenied,
                $"{connection.Endpoint} does not say its run id, which {setting} needs: allow INFO to the user, or "
                    + $"take {setting} out."
            );
        }

        var gate = new LeaseGate(leaseKey, server.RunId, _epochs);
        connection.Gate = gate;
        if (await connection.SendAsync(new LeaseHeartbeatRequest(gate)).ConfigureAwait(false) is { } reason)
        {
            throw new ConnectException(
                RedisConnectFailure.Closed,
                $"{connection.Endpoint} is closed ({setting}): {reason}."
            );
        }
    }
}
