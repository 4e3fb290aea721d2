using System.Globalization;
using System.Text;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Signals;

namespace ClusterSession.Redis.Connection.Fencing;

/// <summary>
/// A number kept with the data that grows with each change of the replication history:
/// <c>generation writer floor</c>, as text. Immutable.
/// </summary>
/// <remarks>
/// Data that was restored from before a failover has a lower number than data that lived through
/// it. Written by whichever node notices the change first (compare and set); the others adopt what
/// it wrote. A node that may not read or write the key goes without. A restart from a snapshot is a
/// change of history too. Where the snapshot is older than the last restart, its data has a lower
/// number, although no other server has taken over. So the key also has the number of the last
/// takeover by another server (<see cref="StoredGeneration.Floor"/>).
/// </remarks>
internal sealed class GenerationKey(byte[] key, string writer, TimeSpan commandTimeout, TimeProvider time)
{
    private static readonly TimeSpan MaxPatience = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How long a raise waits for the server. A server whose writes are paused
    /// (<c>CLIENT PAUSE</c>, a failover under way) is not kept out for longer than this. It is less
    /// than the command timeout, after which the connection would count as dead.
    /// </summary>
    private readonly TimeSpan _patience = commandTimeout / 2 < MaxPatience ? commandTimeout / 2 : MaxPatience;

    private static readonly byte[] CompareAndSet = Encoding.UTF8.GetBytes(
        "local v=redis.call('GET',KEYS[1]) if v==(ARGV[2] or false) then redis.call('SET',KEYS[1],ARGV[1]) return "
            + "ARGV[1] end return v"
    );

    /// <summary>
    /// What the server has: its generation, or none if it has none or does not let us read it.
    /// </summary>
    public async ValueTask<(StoredGeneration Generation, byte[]? Stored)> ReadAsync(RedisConnection connection)
    {
        try
        {
            var stored = await connection.SendAsync(new GetRequest { Key = key }).ConfigureAwait(false);
            return (StoredGeneration.Parse(stored), stored);
        }
        catch (RedisServerException refusal)
        {
            if (refusal.Kind == RedisErrorKind.NoPerm)
            {
                connection.Refused = [.. connection.Refused, RefusedCommand.Generation];
            }

            return (StoredGeneration.None, null);
        }
    }

    /// <summary>
    /// Writes a generation if nobody else has changed the stored one. Returns what the server has
    /// afterwards, or none if the server refused the write or did not take it in time.
    /// </summary>
    public async ValueTask<StoredGeneration> RaiseAsync(
        RedisConnection connection,
        byte[]? stored,
        long generation,
        long floor
    )
    {
        var value = Encoding.UTF8.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"{generation} {writer} {floor}")
        );
        byte[][] command = stored is null
            ? ["EVAL"u8.ToArray(), CompareAndSet, "1"u8.ToArray(), key, value]
            : ["EVAL"u8.ToArray(), CompareAndSet, "1"u8.ToArray(), key, value, stored];
        var raising = connection.SendAsync(new RedisCommand(command)).AsTask();
        try
        {
            return StoredGeneration.Parse((await raising.WaitAsync(_patience, time).ConfigureAwait(false)).Bytes);
        }
        catch (Exception failure) when (failure is RedisServerException or TimeoutException)
        {
            // Not allowed, or not possible now (memory full, fewer replicas than
            // min-replicas-to-write, writes paused): the next connection tries again.
            raising.Abandon();
            if (
                failure is RedisServerException { Kind: RedisErrorKind.NoPerm }
                && !connection.Refused.Contains(RefusedCommand.Generation)
            )
            {
                connection.Refused = [.. connection.Refused, RefusedCommand.RaiseGeneration];
            }

            return StoredGeneration.None;
        }
    }
}
