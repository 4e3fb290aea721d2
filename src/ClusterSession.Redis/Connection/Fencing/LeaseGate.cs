using System.Globalization;
using System.Text;

namespace ClusterSession.Redis.Connection.Fencing;

/// <summary>
/// What a server has to show on one connection before it counts as the ruler, and the Lua lines by
/// which it shows that to every script that writes. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// record                           reads, heartbeat          scripts that write
/// missing, or unreadable           the connection is closed  FENCED, and nothing is changed
/// of another process               the connection is closed  FENCED, and nothing is changed
/// of this process, its epoch       the connection is closed  (they do not look at the epoch)
///   lower than one that was seen
/// of this process                  keeps copies current      do their work
/// </code>
/// The run id is that of the process this connection leads to, and is in the text of the
/// script, so that no argument is added. A run id is new with each process, and the cache of
/// scripts empty, so nothing piles up. The record is read without being declared as a key: what a
/// script reads in this way is not tracked, and the agent's renewals push nothing to anybody.
/// Not chosen: a check by the client before it writes (the lease may be over when the write
/// arrives); an argument with the run id (950 instructions of Redis a write).
/// </remarks>
/// <param name="key">The key of the record.</param>
/// <param name="runId">The process at the other end.</param>
/// <param name="epochs">What this node has seen.</param>
internal sealed class LeaseGate(byte[] key, string runId, LeaseEpochs epochs) : ILeaseGate
{
    private long _epoch;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Key => key;

    /// <inheritdoc/>
    public long Epoch => Volatile.Read(ref _epoch);

    /// <inheritdoc/>
    public string Lua { get; } =
        $"""
            do
              local lease = redis.call('GET', {Quoted(key)})
              if not lease or string.sub(lease, 1, {LeaseRecord.RunIdLength + 1}) ~= '{runId} ' then
                return redis.error_reply('FENCED '
                  .. (lease and 'the lease is of another process' or 'there is no lease'))
              end
            end

            """;

    /// <inheritdoc/>
    public string? WhyClosed(ReadOnlySpan<byte> record)
    {
        if (record.IsEmpty)
        {
            return "no agent keeps it open (it has no lease record)";
        }

        if (!LeaseRecord.TryParse(record, out var tenure))
        {
            return "its lease record cannot be read";
        }

        if (tenure.RunId != runId)
        {
            return "its lease record is of another process";
        }

        if (!epochs.Accept(tenure.Epoch))
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"its epoch is {tenure.Epoch}, and {epochs.Greatest} was seen"
            );
        }

        Volatile.Write(ref _epoch, tenure.Epoch);
        return null;
    }

    /// <summary>As a string of Lua, whatever bytes it has.</summary>
    public static string Quoted(byte[] text)
    {
        var quoted = new StringBuilder("'");
        foreach (var one in text)
        {
            if (char.IsAsciiLetterOrDigit((char)one) || one is (byte)':' or (byte)'-' or (byte)'_' or (byte)'.')
            {
                quoted.Append((char)one);
            }
            else
            {
                quoted.Append(CultureInfo.InvariantCulture, $"\\{one:000}");
            }
        }

        return quoted.Append('\'').ToString();
    }
}
