using System.Security.Cryptography;
using ClusterSession.Http.Cookies;
using ClusterSession.KeyRing;
using ClusterSession.Records;
using Xunit;

namespace ClusterSession.Tests.Http.Cookies;

/// <summary>
/// A remembered cookie says what it said when it was verified, and nothing else passes for it.
/// </summary>
public sealed class CookieMemoryTests : IDisposable
{
    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly CookieMemory _memory = new();
    private readonly SessionKeyRing _ring;

    public CookieMemoryTests() => _ring = NewRing();

    public void Dispose() => _random.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cookie_is_read_again_as_it_was_read_or_written_first(bool isWritten)
    {
        var (id, seen) = (SessionId.New(_random), Version(5));
        var cookie = isWritten
            ? _memory.Write(default, default, id, SessionKey.Of(id), seen, _ring.Keys[0], _ring)
            : SessionCookie.Write(id, seen, _ring.Keys[0]);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(SessionCookie.Read(cookie, _ring), _memory.Read(cookie, _ring));
        }
    }

    [Fact]
    public void Cookie_that_differs_from_a_remembered_one_by_a_character_is_refused()
    {
        var cookie = SessionCookie.Write(SessionId.New(_random), Version(5), _ring.Keys[0]);
        Assert.Equal(CookieResult.Valid, _memory.Read(cookie, _ring).Result);
        for (var i = 0; i < cookie.Length; i++)
        {
            var other = cookie.ToCharArray();
            other[i] = other[i] == 'A' ? 'B' : 'A';
            Assert.NotEqual(CookieResult.Valid, _memory.Read(other, _ring).Result);
        }
    }

    [Fact]
    public void Cookie_is_not_known_under_a_ring_without_its_key()
    {
        var cookie = SessionCookie.Write(SessionId.New(_random), Version(5), _ring.Keys[0]);
        Assert.Equal(CookieResult.Valid, _memory.Read(cookie, _ring).Result);
        Assert.Equal(CookieResult.UnknownKey, _memory.Read(cookie, NewRing()).Result);
        Assert.Equal(CookieResult.Valid, _memory.Read(cookie, _ring).Result);
    }

    [Fact]
    public void Neither_a_remembered_cookie_nor_a_new_one_allocates()
    {
        var cookies = Enumerable
            .Range(0, 100)
            .Select(_ => SessionCookie.Write(SessionId.New(_random), Version(5), _ring.Keys[0]))
            .ToArray();
        Read(cookies); // Makes the table.
        var others = Enumerable
            .Range(0, 100)
            .Select(_ => SessionCookie.Write(SessionId.New(_random), Version(5), _ring.Keys[0]))
            .ToArray();

        var before = GC.GetAllocatedBytesForCurrentThread();
        Read(cookies);
        Read(others);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task Cookies_of_one_place_read_and_written_at_once_are_never_taken_for_each_other()
    {
        Span<byte> bytes = stackalloc byte[SessionId.ByteLength];
        var cookies = new (string Text, CookieReading Reading)[4];
        for (var i = 0; i < cookies.Length; i++)
        {
            _random.GetBytes(bytes);
            (bytes[0], bytes[1]) = (1, 2);
            var text = SessionCookie.Write(new SessionId(bytes), Version(i + 1), _ring.Keys[0]);
            cookies[i] = (text, SessionCookie.Read(text, _ring));
        }

        await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(_ =>
                    Task.Run(() =>
                    {
                        for (var i = 0; i < 50_000; i++)
                        {
                            var (text, reading) = cookies[i % cookies.Length];
                            Assert.Equal(reading, _memory.Read(text, _ring));
                        }
                    })
                )
        );
    }

    private void Read(string[] cookies)
    {
        foreach (var cookie in cookies)
        {
            _memory.Read(cookie, _ring);
        }
    }

    private SessionKeyRing NewRing() => new([SessionKeyRing.NewKey(_random, DateTimeOffset.UnixEpoch)]);

    private static SessionVersion Version(long stamp) => new(stamp, 7);
}
