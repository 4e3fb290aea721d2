namespace ClusterSession.Sessions.Principals;

/// <summary>
/// Whose session it is: an attribute under a name that applications cannot use, so that it merges, moves and is replayed as every other.
/// </summary>
/// <remarks>
/// Reserved are the names that begin with U+0000: no application has them, and they sort first, so that finding one, or none, takes a look at the first attribute of a record.
/// </remarks>
internal static class SessionPrincipal
{
    public const string Name = "\0principal";

    private static ReadOnlySpan<byte> NameUtf8 => "\0principal"u8;

    /// <summary>Whether a name is kept from applications.</summary>
    public static bool IsReserved(string? name) => name is ['\0', ..];

    /// <inheritdoc cref="IsReserved(string?)"/>
    public static bool IsReserved(ReadOnlySpan<byte> nameUtf8) => nameUtf8.Length > 0 && nameUtf8[0] == 0;

    /// <summary>Finds whose session it is, and which commit recorded it. On the way of every request: no allocation.</summary>
    public static bool TryFind(SessionRecord record, out PrincipalKey principal, out SessionVersion recorded)
    {
        foreach (var attribute in record)
        {
            if (!IsReserved(attribute.NameUtf8))
            {
                break;
            }

            if (attribute.Exists && attribute.Payload.Length == PrincipalKey.ByteLength && attribute.NameUtf8.SequenceEqual(NameUtf8))
            {
                principal = PrincipalKey.Read(attribute.Payload);
                recorded = attribute.Version;
                return true;
            }
        }

        principal = default;
        recorded = default;
        return false;
    }
}
