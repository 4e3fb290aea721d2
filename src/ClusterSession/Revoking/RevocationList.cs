using System.Collections.Concurrent;
using ClusterSession.Principals;

namespace ClusterSession.Revoking;

/// <summary>
/// The revocations that this node has received, in memory, numbered in the order in which they
/// came. A request keeps the last number of the moment when it begins: a revocation with a higher
/// one was not known then.
/// </summary>
/// <remarks>
/// A revocation counts until its life is over, and is remembered for a minute longer: a session
/// that begins in that minute must not seem to lack it on a node that forgets a little later.
/// Reading takes no lock and allocates nothing; a change costs the same however many there are.
/// Thread-safe.
/// </remarks>
internal sealed class RevocationList(TimeProvider time)
{
    private static readonly TimeSpan Afterlife = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<PrincipalKey, Part[]> _parts = new();
    private readonly PriorityQueue<(PrincipalKey Principal, long Process), long> _expiries = new(); // under _gate
    private readonly Lock _gate = new();
    private int _count;
    private long _heard;

    /// <summary>
    /// The number of the last one that came: what a request keeps of the moment when it begins.
    /// </summary>
    public long Heard => Volatile.Read(ref _heard);

    /// <summary>Of how many principals it knows a revocation.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Takes in a revocation, unless a later one of the same process is known.</summary>
    public void Take(Revocation revocation, TimeSpan life)
    {
        lock (_gate)
        {
            var parts = _parts.GetValueOrDefault(revocation.Principal) ?? [];
            var at = Array.FindIndex(parts, part => part.Process == revocation.Process);
            if (at >= 0 && parts[at].Number >= revocation.Number)
            {
                return;
            }

            var until = time.GetTimestamp() + (long)(life.TotalSeconds * time.TimestampFrequency);
            var taken = new Part(revocation.Process, revocation.Number, _heard + 1, until);
            _parts[revocation.Principal] = at < 0 ? [.. parts, taken] : [.. parts[..at], taken, .. parts[(at + 1)..]];
            _count = _parts.Count;
            _expiries.Enqueue((revocation.Principal, revocation.Process), until);
            // A request that begins now knows it, and so does one that has seen the part.
            Volatile.Write(ref _heard, _heard + 1);
        }
    }

    /// <summary>The life of one that this node sends counts from when the store has it.</summary>
    public void Prolong(Revocation revocation, TimeSpan life)
    {
        lock (_gate)
        {
            if (!_parts.TryGetValue(revocation.Principal, out var parts))
            {
                return;
            }

            var until = time.GetTimestamp() + (long)(life.TotalSeconds * time.TimestampFrequency);
            _parts[revocation.Principal] =
            [
                .. parts.Select(part =>
                    part.Process == revocation.Process && part.Until < until ? part with { Until = until } : part
                ),
            ];
            _expiries.Enqueue((revocation.Principal, revocation.Process), until);
        }
    }

    /// <summary>
    /// Whether an end of the principal's sessions is known now that was not known when the record
    /// was made.
    /// </summary>
    public bool HaveEnded(PrincipalKey principal, ReadOnlySpan<byte> vector)
    {
        if (Count == 0 || !_parts.TryGetValue(principal, out var parts))
        {
            return false;
        }

        var now = time.GetTimestamp();
        foreach (var part in parts)
        {
            if (part.Until > now && PrincipalVector.NumberOf(vector, part.Process) < part.Number)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// What a record of the principal says: the key, and the ends that were known.
    /// </summary>
    /// <param name="principal">Whose record.</param>
    /// <param name="heard">
    /// <see cref="Heard"/> when the request began. Of a process that has ended the principal again
    /// since, nothing is said: by that end the record is over in either case.
    /// </param>
    /// <param name="own">An end of this node that the request has made itself.</param>
    public byte[] Describe(PrincipalKey principal, long heard, Revocation own = default)
    {
        var parts = Count == 0 ? [] : _parts.GetValueOrDefault(principal) ?? [];
        var known = new List<(long Process, long Number)>(parts.Length);
        foreach (var part in parts)
        {
            if (part.HeardAs <= heard && part.Process != own.Process)
            {
                known.Add((part.Process, part.Number));
            }
        }

        if (own.Number > 0)
        {
            known.Add((own.Process, own.Number));
        }

        var bytes = new byte[PrincipalKey.ByteLength + (known.Count * PrincipalVector.PartLength)];
        principal.WriteTo(bytes);
        for (var i = 0; i < known.Count; i++)
        {
            PrincipalVector.WritePart(
                bytes.AsSpan(PrincipalKey.ByteLength + (i * PrincipalVector.PartLength)),
                known[i].Process,
                known[i].Number
            );
        }

        return bytes;
    }

    /// <summary>All that count now, with what is left of their life.</summary>
    public IEnumerable<(Revocation Revocation, TimeSpan Life)> All()
    {
        var now = time.GetTimestamp();
        foreach (var (principal, parts) in _parts)
        {
            foreach (var part in parts)
            {
                if (part.Until > now)
                {
                    yield return (
                        new Revocation(principal, part.Process, part.Number),
                        time.GetElapsedTime(now, part.Until)
                    );
                }
            }
        }
    }

    /// <summary>Forgets what is over.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            var before = time.GetTimestamp() - (long)(Afterlife.TotalSeconds * time.TimestampFrequency);
            while (_expiries.TryPeek(out var expiring, out var until) && until <= before)
            {
                _expiries.Dequeue();
                if (!_parts.TryGetValue(expiring.Principal, out var parts))
                {
                    continue;
                }

                Part[] left = [.. parts.Where(part => part.Process != expiring.Process || part.Until > before)];
                if (left.Length == 0)
                {
                    _parts.TryRemove(expiring.Principal, out _);
                }
                else if (left.Length < parts.Length)
                {
                    _parts[expiring.Principal] = left;
                }
            }

            _count = _parts.Count;
        }
    }

    private readonly record struct Part(long Process, long Number, long HeardAs, long Until);
}
