using System.Security.Cryptography;

namespace ClusterSession.Http.Cookies;

/// <summary>A key that signs cookies. Thread-safe.</summary>
internal sealed class CookieKey(int id, DateTimeOffset activeFrom, byte[] secret)
{
    // A keyed HMAC object costs 0.6 us a signature and a one-shot HMAC 1.3 us; an object serves one thread at a time.
    private readonly ThreadLocal<HMACSHA256> _hmac = new(() => new HMACSHA256(secret));

    public int Id { get; } = id;

    public DateTimeOffset ActiveFrom { get; } = activeFrom;

    public ReadOnlySpan<byte> Secret => secret;

    public void Sign(ReadOnlySpan<byte> message, Span<byte> mac) => _hmac.Value!.TryComputeHash(message, mac, out _);

    public override string ToString() => $"key {Id}";
}
