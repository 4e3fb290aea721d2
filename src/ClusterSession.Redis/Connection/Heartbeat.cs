namespace ClusterSession.Redis.Connection;

/// <summary>
/// Asks the server of one connection for the sign of life that its kind owes. Called by the
/// connection's sweep alone.
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
    private int _isUnderWay;

    /// <summary>When the last one was sent.</summary>
    public long LastAt { get; private set; }

    /// <summary>Sends one, unless the last is not answered yet.</summary>
    /// <param name="now">The time of the caller's clock.</param>
    public void Beat(long now)
    {
        if (Interlocked.Exchange(ref _isUnderWay, 1) == 0)
        {
            LastAt = now;
            _ = BeatAsync();
        }
    }

    private async Task BeatAsync()
    {
        try
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
        catch (Exception e) when (e is RedisConnectionException or Protocol.RespProtocolException)
        {
            // Lateness and death are the sweep's to judge.
        }
        finally
        {
            Volatile.Write(ref _isUnderWay, 0);
        }
    }
}
