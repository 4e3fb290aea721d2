namespace ClusterSession.Redis.Connection;

/// <summary>
/// Asks the server of one connection for the sign of life that its kind owes. Called by the
/// connection's sweep alone, one call at a time.
/// </summary>
/// <remarks>
/// <code>
/// behind an agent (gate)     the lease record: without it the connection is closed
/// of a cluster (ruler)       a key of one of its slots: a master that is cut off refuses it
/// else                       PING
/// </code>
/// That it comes late, or not at all, is the sweep's matter.
/// </remarks>
internal sealed class Heartbeat(RedisConnection connection)
{
    private readonly PingRequest _ping = new();

    /// <summary>Sends one; completes when it is answered.</summary>
    public async Task BeatAsync()
    {
        if (connection.Gate is { } gate)
        {
            if (await connection.SendAsync(new LeaseHeartbeatRequest(gate)).ConfigureAwait(false) is { } reason)
            {
                connection.Close($"it is closed (fence=lease): {reason}.");
            }
        }
        else if (connection.Ruler is { } ruler && ruler.HeartbeatKeyOf(connection) is { } key)
        {
            if (await connection.SendAsync(new KeyedHeartbeatRequest(key)).ConfigureAwait(false) is { } refusal)
            {
                ruler.ReportError(connection, refusal.Kind, refusal.Text);
            }
        }
        else
        {
            await connection.SendAsync(_ping).ConfigureAwait(false);
        }
    }
}
