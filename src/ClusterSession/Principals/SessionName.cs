using System.Buffers.Text;
using ClusterSession.Records;

namespace ClusterSession.Principals;

/// <summary>
/// What <c>ISession.Id</c> goes on to say after the id in the cookie was changed: the text of the
/// first key. A record whose id was never changed has no name, and its own key is it.
/// </summary>
/// <remarks>
/// Kept as one of the session's principals: ending that principal ends the session under whatever
/// id it has by now, without an index from names to keys.
/// </remarks>
internal static class SessionName
{
    public const string Name = SessionPrincipal.Name + ":id";

    private static ReadOnlySpan<byte> NameUtf8 => "\0principal:id"u8;

    /// <summary>The name of a session whose id was changed, or null.</summary>
    public static string? Of(SessionRecord record) =>
        record.TryFind(NameUtf8, out var attribute)
        && attribute.Exists
        && attribute.Payload.Length >= PrincipalKey.ByteLength
            ? Base64Url.EncodeToString(attribute.Payload[..PrincipalKey.ByteLength])
            : null;

    /// <summary>The principal that a session's name is.</summary>
    public static PrincipalKey PrincipalOf(SessionKey key)
    {
        Span<byte> text = stackalloc byte[SessionKey.TextLength];
        key.WriteText(text);
        Span<byte> bytes = stackalloc byte[PrincipalKey.ByteLength];
        Base64Url.DecodeFromUtf8(text, bytes, out _, out _);
        return PrincipalKey.Read(bytes);
    }
}
