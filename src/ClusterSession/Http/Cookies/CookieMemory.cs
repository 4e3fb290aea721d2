using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ClusterSession.Sessions;

namespace ClusterSession.Http.Cookies;

/// <summary>
/// Remembers cookies that this node has issued or verified, because a browser brings the same one until its session changes: comparing it
/// costs 20 ns, the MAC and the hash of the id 1 us.
/// </summary>
/// <remarks>
/// A direct-mapped table: each cookie has one place, by bits of its random id, and the last one there stays. Bounded, without eviction and without locks;
/// entries are immutable. A cookie counts as known only if all its characters are equal, compared in constant time, and the ring is the one
/// it was verified under. Thread-safe.
/// </remarks>
internal sealed class CookieMemory
{
    private const int Places = 1 << 15;
    private readonly Entry?[] _entries = new Entry?[Places];

    public CookieReading Read(ReadOnlySpan<char> text, SessionKeyRing ring)
    {
        if (text.Length != SessionCookie.TextLength)
        {
            return CookieReading.Refused;
        }

        ref var place = ref _entries[PlaceOf(text)];
        var entry = Volatile.Read(ref place);
        if (entry is not null
            && ReferenceEquals(entry.Ring, ring)
            && CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(text), MemoryMarshal.AsBytes(entry.Text.AsSpan())))
        {
            return entry.Reading;
        }

        var reading = SessionCookie.Read(text, ring);
        if (reading.Verdict == CookieVerdict.Valid)
        {
            Volatile.Write(ref place, new Entry(new string(text), ring, reading));
        }

        return reading;
    }

    public string Write(in SessionId id, SessionKey key, SessionVersion seen, CookieKey signing, SessionKeyRing ring)
    {
        var text = SessionCookie.Write(id, seen, signing);
        var reading = new CookieReading(CookieVerdict.Valid, id, key, seen, signing.Id);
        Volatile.Write(ref _entries[PlaceOf(text)], new Entry(text, ring, reading));
        return text;
    }

    private static int PlaceOf(ReadOnlySpan<char> text) =>
        ((text[0] * 31) ^ (text[1] << 4) ^ (text[2] << 8) ^ (text[3] << 2) ^ (text[4] * 517)) & (Places - 1);

    private sealed class Entry(string text, SessionKeyRing ring, CookieReading reading)
    {
        public readonly string Text = text;
        public readonly SessionKeyRing Ring = ring;
        public readonly CookieReading Reading = reading;
    }
}
