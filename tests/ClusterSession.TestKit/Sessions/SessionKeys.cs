using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using ClusterSession.Records;

namespace ClusterSession.TestKit.Sessions;

/// <summary>Makes session keys that nobody has used.</summary>
public static class SessionKeys
{
    public static SessionKey New() => From(RandomNumberGenerator.GetBytes(SessionKey.ByteLength));

    public static SessionKey From(ReadOnlySpan<byte> bytes) =>
        SessionKey.TryParse(Encoding.ASCII.GetBytes(Base64Url.EncodeToString(bytes)), out var key)
            ? key
            : throw new ArgumentException("A session key has 16 bytes.", nameof(bytes));
}
