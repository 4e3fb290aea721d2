using System.Globalization;
using System.Text;
using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Connection.Fencing;

/// <summary>A number kept with the data that grows with each change of the replication history: <c>generation writer</c>, as text. Immutable.</summary>
/// <remarks>
/// Data that was restored from before a failover has a lower number than data that lived through it. Written by whichever node notices the
/// change first (compare and set); the others adopt what it wrote. A node that may not read or write the key goes without.
/// </remarks>
internal sealed class GenerationKey(byte[] key, string writer)
{
    private static readonly byte[] CompareAndSet = Encoding.UTF8.GetBytes(
        "local v=redis.call('GET',KEYS[1]) if v==(ARGV[2] or false) then redis.call('SET',KEYS[1],ARGV[1]) return ARGV[1] end return v");

    /// <summary>What the server has: its generation, or null if it has none or does not let us read it.</summary>
    public async ValueTask<(long? Generation, byte[]? Stored)> ReadAsync(RedisConnection connection)
    {
        try
        {
            var stored = await connection.SendAsync(new GetRequest { Key = key }).ConfigureAwait(false);
            return (Parse(stored), stored);
        }
        catch (RedisServerException)
        {
            return (null, null);
        }
    }

    /// <summary>Writes a generation if nobody else has changed it; answers what the server has afterwards.</summary>
    public async ValueTask<long?> RaiseAsync(RedisConnection connection, byte[]? stored, long generation)
    {
        var value = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{generation} {writer}"));
        byte[][] command = stored is null
            ? ["EVAL"u8.ToArray(), CompareAndSet, "1"u8.ToArray(), key, value]
            : ["EVAL"u8.ToArray(), CompareAndSet, "1"u8.ToArray(), key, value, stored];
        try
        {
            return Parse((await connection.SendAsync(new RedisCommand(command)).ConfigureAwait(false)).Bytes);
        }
        catch (RedisServerException)
        {
            // Not allowed, or not possible now (memory full, too few replicas): the next connection tries again.
            return null;
        }
    }

    /// <summary>The generation that a stored value names; null if it names none.</summary>
    internal static long? Parse(ReadOnlySpan<byte> stored)
    {
        var blank = stored.IndexOf((byte)' ');
        return long.TryParse(blank < 0 ? stored : stored[..blank], NumberStyles.None, CultureInfo.InvariantCulture, out var generation) ? generation : null;
    }
}
