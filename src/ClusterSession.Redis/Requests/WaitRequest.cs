using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Redis.Requests;

/// <summary>
/// WAIT: how many replicas have what this connection wrote. Sent right behind a commit, in the same
/// round trip.
/// </summary>
internal sealed class WaitRequest(int replicas, TimeSpan timeout) : RedisRequest<long>
{
    /// <summary>How many confirmed in time; 0 where nothing was heard.</summary>
    public int Confirmed { get; private set; }

    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand("WAIT"u8, 2);
        writer.WriteBulk(replicas);
        writer.WriteBulk((long)Math.Ceiling(timeout.TotalMilliseconds));
    }

    /// <summary>
    /// Takes the answer; a missing one means that nothing is known of the replicas, which is no
    /// failure of the commit.
    /// </summary>
    public async ValueTask TakeAsync(ValueTask<long> confirmation)
    {
        try
        {
            Confirmed = (int)await confirmation.ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is ConnectionException or RedisServerException)
        {
            Confirmed = 0;
        }
    }

    protected override long Parse(ref RespReader reader) => reader.GetInt64();
}
