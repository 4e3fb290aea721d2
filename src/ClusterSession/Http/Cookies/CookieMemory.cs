using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ClusterSession.KeyRing;
using ClusterSession.Records;

namespace ClusterSession.Http.Cookies;

/// <summary>
/// Remembers cookies that this node has issued or verified, because a browser brings the same one
/// until its session changes: comparing it spares the MAC and the hash of the id, 1 us.
/// </summary>
/// <remarks>
/// A direct-mapped table: each cookie has one place, by bits of its random id, and the last one
/// there stays. Bounded, without eviction and without locks. A cookie counts as known only if all
/// its bytes are equal, compared in constant time, under the ring that it was verified with:
/// another ring begins another table.
/// <code>
/// place:  sequence    0 = empty, odd = being written; a reader that finds it changed has read
///                     parts of two cookies, and verifies anew
///         cookie      id and token, 51 bytes
///         key         of the session, which is a hash of the id
/// </code>
/// Places are values and not objects: with objects, of a million sessions asked at random nearly
/// each request allocated one. Thread-safe.
/// </remarks>
internal sealed class CookieMemory
{
    private const int Places = 1 << 16;

    private volatile Table? _table;

    public CookieReading Read(ReadOnlySpan<char> text, SessionKeyRing ring)
    {
        Span<byte> cookie = stackalloc byte[SessionCookie.ByteLength];
        if (!SessionCookie.TryDecode(text, cookie))
        {
            return CookieReading.Refused;
        }

        ref var place = ref PlaceOf(cookie, ring);
        if (place.Holds(cookie, out var key))
        {
            return SessionCookie.ReadVerified(cookie, key);
        }

        var reading = SessionCookie.Verify(cookie, ring);
        if (reading.Result == CookieResult.Valid)
        {
            place.Put(cookie, reading.Key);
        }

        return reading;
    }

    /// <summary>Writes a cookie between two texts: name and attributes of its header.</summary>
    public string Write(
        ReadOnlySpan<char> before,
        ReadOnlySpan<char> after,
        in SessionId id,
        SessionKey key,
        SessionVersion seen,
        CookieKey signing,
        SessionKeyRing ring
    )
    {
        Span<byte> cookie = stackalloc byte[SessionCookie.ByteLength];
        Span<char> text = stackalloc char[SessionCookie.TextLength];
        SessionCookie.Sign(cookie, id, seen, signing);
        SessionCookie.Encode(cookie, text);
        PlaceOf(cookie, ring).Put(cookie, key);
        return string.Concat(before, text, after);
    }

    private ref Place PlaceOf(ReadOnlySpan<byte> cookie, SessionKeyRing ring)
    {
        var table = _table;
        if (table is null || !ReferenceEquals(table.Ring, ring))
        {
            _table = table = new Table(ring);
        }

        return ref table.Places[MemoryMarshal.Read<ushort>(cookie)];
    }

    private sealed class Table(SessionKeyRing ring)
    {
        public readonly SessionKeyRing Ring = ring;
        public readonly Place[] Places = new Place[CookieMemory.Places];
    }

    [InlineArray(SessionCookie.ByteLength)]
    private struct CookieBytes
    {
        private byte _first;
    }

    private struct Place
    {
        private int _sequence;
        private CookieBytes _cookie;
        private SessionKey _key;

        public readonly bool Holds(ReadOnlySpan<byte> cookie, out SessionKey key)
        {
            var before = Volatile.Read(in _sequence);
            var isEqual = AreEqual(cookie, _cookie);
            key = _key;
            Volatile.ReadBarrier();
            return isEqual && before > 0 && before % 2 == 0 && before == _sequence;
        }

        /// <summary>If another thread is writing here, its cookie stays.</summary>
        public void Put(ReadOnlySpan<byte> cookie, SessionKey key)
        {
            var before = Volatile.Read(in _sequence);
            if (before % 2 == 0 && Interlocked.CompareExchange(ref _sequence, before + 1, before) == before)
            {
                cookie.CopyTo(_cookie);
                _key = key;
                Volatile.Write(ref _sequence, before == int.MaxValue - 1 ? 2 : before + 2);
            }
        }
    }

    /// <summary>
    /// In constant time, eight bytes at once. <see cref="CryptographicOperations.FixedTimeEquals"/>
    /// goes byte by byte and is never optimized: 0.3 us for the text of a cookie.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool AreEqual(ReadOnlySpan<byte> given, ReadOnlySpan<byte> known)
    {
        var left = MemoryMarshal.Cast<byte, ulong>(given);
        var right = MemoryMarshal.Cast<byte, ulong>(known);
        ulong difference = 0;
        for (var i = 0; i < left.Length; i++)
        {
            difference |= left[i] ^ right[i];
        }

        for (var i = left.Length * sizeof(ulong); i < given.Length; i++)
        {
            difference |= (uint)(given[i] ^ known[i]);
        }

        return difference == 0;
    }
}
