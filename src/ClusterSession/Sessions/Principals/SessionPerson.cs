namespace ClusterSession.Sessions.Principals;

/// <summary>
/// Whose session it is now: the person whose login last gave it an id. Another person's login begins an empty
/// session. An attribute under a reserved name, so that it is changed, merged and replayed with the rest.
/// </summary>
/// <remarks>
/// Apart from <see cref="SessionPrincipal"/>, which lists everybody who has used the session, so that it ends with
/// any of them: a bearer token beside the login is on that list, and changes nothing here.
/// </remarks>
internal static class SessionPerson
{
    public const string Name = "\0person";

    private static ReadOnlySpan<byte> NameUtf8 => "\0person"u8;

    /// <summary>The person, or null where nobody has logged in. No allocation.</summary>
    public static PrincipalKey? Of(SessionRecord record) =>
        record.TryFind(NameUtf8, out var attribute) && attribute.Exists
            && attribute.Payload.Length == PrincipalKey.ByteLength
            ? PrincipalKey.Read(attribute.Payload)
            : null;
}
