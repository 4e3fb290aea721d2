using ClusterSession.Principals;

namespace ClusterSession.Revoking;

/// <summary>
/// The revocations that this process makes: their numbers, and which of them the store still lacks.
/// One principal's revocations are sent once a second: a user who logs out everywhere in a loop
/// costs the other nodes one element a second. Thread-safe.
/// </summary>
internal sealed class OwnRevocations(long process, TimeProvider time)
{
    private const int MaxRemembered = 256;
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<PrincipalKey, long> _unsent = []; // number by principal
    private readonly Dictionary<PrincipalKey, (long At, long Number)> _sent = []; // lately
    private long _lastNumber;

    /// <summary>
    /// Draws the number of an end that is about to be made. What is to survive that end can record
    /// the number before the end is made.
    /// </summary>
    public long DrawNumber() => Interlocked.Increment(ref _lastNumber);

    /// <summary>An end is to be sent. Of several of one principal the last one says all.</summary>
    /// <returns>How long to wait before that.</returns>
    public TimeSpan Add(PrincipalKey principal, long number)
    {
        lock (_gate)
        {
            _unsent[principal] = Math.Max(number, _unsent.GetValueOrDefault(principal));
            return PauseBefore(principal);
        }
    }

    /// <summary>What may be sent now.</summary>
    public List<Revocation> ToSend(int most)
    {
        lock (_gate)
        {
            return
            [
                .. _unsent
                    .Where(own => PauseBefore(own.Key) <= TimeSpan.Zero)
                    .Take(most)
                    .Select(own => new Revocation(own.Key, process, own.Value)),
            ];
        }
    }

    /// <summary>The store has these.</summary>
    public void Confirm(List<Revocation> sent)
    {
        lock (_gate)
        {
            foreach (var own in sent)
            {
                if (_unsent.GetValueOrDefault(own.Principal) == own.Number)
                {
                    _unsent.Remove(own.Principal);
                }

                _sent[own.Principal] = (time.GetTimestamp(), own.Number);
            }

            ForgetSent();
        }
    }

    /// <summary>Whether the store has an end, or a later one of the same principal.</summary>
    public bool IsSent(PrincipalKey principal, long number)
    {
        lock (_gate)
        {
            return !_unsent.ContainsKey(principal)
                || (_sent.TryGetValue(principal, out var sent) && sent.Number >= number);
        }
    }

    private TimeSpan PauseBefore(PrincipalKey principal) =>
        _sent.TryGetValue(principal, out var sent) ? Pace - time.GetElapsedTime(sent.At) : TimeSpan.Zero;

    private void ForgetSent()
    {
        if (_sent.Count > MaxRemembered)
        {
            foreach (var (old, _) in _sent.Where(sent => time.GetElapsedTime(sent.Value.At) >= Pace).ToList())
            {
                _sent.Remove(old);
            }
        }
    }
}
