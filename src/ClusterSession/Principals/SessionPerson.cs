using ClusterSession.Records;

namespace ClusterSession.Principals;

/// <summary>
/// Whose session it is now: the person whose login last gave it an id. Another person's login
/// begins an empty session. An attribute under a reserved name, so that it is changed, merged and
/// replayed with the rest.
/// </summary>
/// <remarks>
/// This is kept apart from <see cref="SessionPrincipal"/>. That one lists everybody who has used
/// the session, so that the session ends with any of them. A bearer token beside the login is on
/// that list, and changes nothing here.
/// <code>
/// "\0person"   16 bytes: the person; a byte 1 behind it while the id is still the one from before
///              the login
/// "\0rotated"  16 bytes: the principal whose request has changed the id, where no person is known
/// </code>
/// </remarks>
internal static class SessionPerson
{
    public const string Name = "\0person";
    public const string RotatedByName = "\0rotated";

    private static ReadOnlySpan<byte> NameUtf8 => "\0person"u8;

    private static ReadOnlySpan<byte> RotatedByNameUtf8 => "\0rotated"u8;

    /// <summary>The person, or null where nobody has logged in. No allocation.</summary>
    public static PrincipalKey? Of(SessionRecord record) => Read(record, NameUtf8);

    /// <summary>
    /// Whether the id is still the one from before the login: the store was away.
    /// </summary>
    public static bool IsIdFromBeforeLogin(SessionRecord record) =>
        record.TryFind(NameUtf8, out var attribute)
        && attribute.Exists
        && attribute.Payload.Length > PrincipalKey.ByteLength;

    /// <summary>The principal whose request has changed the id, where no person is known.</summary>
    public static PrincipalKey? RotatedBy(SessionRecord record) => Read(record, RotatedByNameUtf8);

    /// <summary>What is recorded of a person whose login has not changed the id yet.</summary>
    public static byte[] WithIdFromBeforeLogin(PrincipalKey person) => [.. person.ToBytes(), 1];

    private static PrincipalKey? Read(SessionRecord record, ReadOnlySpan<byte> name) =>
        record.TryFind(name, out var attribute)
        && attribute.Exists
        && attribute.Payload.Length >= PrincipalKey.ByteLength
            ? PrincipalKey.Read(attribute.Payload)
            : null;
}
