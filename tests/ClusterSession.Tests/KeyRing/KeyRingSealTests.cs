using System.Security.Cryptography;
using ClusterSession.KeyRing;
using Microsoft.AspNetCore.DataProtection;
using Xunit;

namespace ClusterSession.Tests.KeyRing;

public sealed class KeyRingSealTests
{
    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] _ring = RandomNumberGenerator.GetBytes(200);

    [Fact]
    public void Sealed_ring_is_opened_with_its_secret_and_with_no_other()
    {
        var stored = Of(_secret).Seal(_ring)!;
        Assert.Equal(_ring, Of(_secret).Open(stored));
        Assert.Null(Of(RandomNumberGenerator.GetBytes(32)).Open(stored));
        Assert.Equal(16, stored[0]);
        Assert.Equal(_ring.Length + 29, stored.Length);
    }

    [Fact]
    public void Former_secret_opens_and_does_not_seal()
    {
        var next = RandomNumberGenerator.GetBytes(48);
        var both = Of(next, _secret);
        Assert.Equal(_ring, both.Open(Of(_secret).Seal(_ring)!));
        Assert.Null(Of(_secret).Open(both.Seal(_ring)!));
        Assert.Equal(_ring, Of(next).Open(both.Seal(_ring)!));
    }

    [Fact]
    public void Every_single_bit_of_a_sealed_ring_matters_and_every_length()
    {
        var seal = Of(_secret);
        var stored = seal.Seal(_ring)!;
        for (var bit = 0; bit < stored.Length * 8; bit++)
        {
            var changed = stored.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(seal.Open(changed));
        }

        for (var length = 0; length < stored.Length; length++)
        {
            Assert.Null(seal.Open(stored.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Same_ring_is_never_sealed_to_the_same_bytes()
    {
        var seal = Of(_secret);
        var stored = Enumerable.Range(0, 100).Select(_ => Convert.ToHexString(seal.Seal(_ring)!));
        Assert.Equal(100, stored.Distinct().Count());
    }

    [Fact]
    public void Ring_under_data_protection_is_opened_with_the_same_keys_and_with_no_others()
    {
        var (mine, other) = (new EphemeralDataProtectionProvider(), new EphemeralDataProtectionProvider());
        var stored = new DataProtectionSeal(mine).Seal(_ring)!;
        Assert.Equal(_ring, new DataProtectionSeal(mine).Open(stored));
        Assert.Null(new DataProtectionSeal(other).Open(stored));
        Assert.Null(new DataProtectionSeal(mine).Open([]));
        Assert.Null(new DataProtectionSeal(mine).Open(stored.AsSpan(0, stored.Length - 1)));
        Assert.Null(Of(_secret).Open(stored));
    }

    [Fact]
    public void Data_protection_that_fails_seals_and_opens_nothing()
    {
        var stored = new DataProtectionSeal(new EphemeralDataProtectionProvider()).Seal(_ring)!;
        var failing = new DataProtectionSeal(new FailingProvider());
        Assert.Null(failing.Seal(_ring));
        Assert.Null(failing.Open(stored));
    }

    private SecretSeal Of(params byte[][] secrets) => new(_random, secrets);

    /// <summary>As data protection whose repository of keys cannot be reached.</summary>
    private sealed class FailingProvider : IDataProtectionProvider, IDataProtector
    {
        public IDataProtector CreateProtector(string purpose) => this;

        public byte[] Protect(byte[] plaintext) => throw new IOException("There are no keys.");

        public byte[] Unprotect(byte[] protectedData) => throw new IOException("There are no keys.");
    }
}
