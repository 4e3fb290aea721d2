using System.Text;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Redis.Merging;

/// <summary>
/// Fences the writes of a merge by one tenure: run id and epoch. Thread-safe.
/// </summary>
/// <remarks>
/// Stricter than what application nodes send (<see cref="LeaseGate"/>): a process that ruled,
/// followed another one and rules again has its run id still, and may have lost what was merged
/// into it before.
/// </remarks>
/// <param name="key">The key of the record.</param>
/// <param name="tenure">What the record has to say.</param>
internal sealed class MergeGate(byte[] key, Tenure tenure) : ILeaseGate
{
    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Key => key;

    /// <inheritdoc/>
    public long Epoch { get; private set; }

    /// <inheritdoc/>
    public string Lua { get; } =
        $"""
            do
              local lease = redis.call('GET', {LeaseGate.Quoted(key)})
              if lease ~= {LeaseGate.Quoted(Encoding.ASCII.GetBytes(LeaseRecord.Text(tenure)))} then
                return redis.error_reply('FENCED ' .. (lease and 'the lease is another one' or 'there is no lease'))
              end
            end

            """;

    /// <inheritdoc/>
    public string? WhyClosed(ReadOnlySpan<byte> record)
    {
        var reason =
            record.IsEmpty ? "no agent keeps it open (it has no lease record)"
            : !LeaseRecord.TryParse(record, out var shown) ? "its lease record cannot be read"
            : shown.RunId != tenure.RunId ? "its lease record is of another process"
            : shown.Epoch != tenure.Epoch ? $"its lease has epoch {shown.Epoch} now, and not {tenure.Epoch}"
            : null;
        Epoch = reason is null ? tenure.Epoch : Epoch;
        return reason;
    }
}
