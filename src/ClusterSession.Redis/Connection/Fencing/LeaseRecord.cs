using System.Buffers.Text;
using System.Globalization;

namespace ClusterSession.Redis.Connection.Fencing;

/// <summary>
/// What an agent writes into the Redis that may take writes: its <see cref="Tenure"/> as text,
/// <c>run-id epoch</c>.
/// </summary>
/// <remarks>
/// <code>
/// {prefix}:1:lease   40 hexadecimal digits: the run id of the one process that it is good for
///                    a blank
///                    the epoch in decimal, 1 or more; greater with each ruler
/// </code>
/// It never outlives the agent's lease or, while the coordination store is not responding, the
/// promises of the other agents to take none. It lives for <c>RecordLife</c> at most (1 s by
/// default; <c>Ttl</c> where keepalived alone decides), extended with each look (PXAT and
/// PEXPIREAT: a command that waited in a socket adds no life). The run id makes it void wherever it
/// is copied to: into a replica that is promoted by hand, a snapshot that is restored, a process
/// that was started again.
/// </remarks>
internal static class LeaseRecord
{
    /// <summary>Length of a run id.</summary>
    public const int RunIdLength = 40;

    /// <summary>Reads a record.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, out Tenure tenure)
    {
        tenure = default;
        if (
            value.Length < RunIdLength + 2
            || value[RunIdLength] != (byte)' '
            || !Utf8Parser.TryParse(value[(RunIdLength + 1)..], out long epoch, out var used)
            || used != value.Length - RunIdLength - 1
            || epoch < 1
        )
        {
            return false;
        }

        tenure = new Tenure(System.Text.Encoding.ASCII.GetString(value[..RunIdLength]), epoch);
        return true;
    }

    /// <summary>As it is stored.</summary>
    public static string Text(Tenure tenure) =>
        string.Create(CultureInfo.InvariantCulture, $"{tenure.RunId} {tenure.Epoch}");
}
