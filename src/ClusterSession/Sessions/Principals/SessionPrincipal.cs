namespace ClusterSession.Sessions.Principals;

/// <summary>
/// Whose session it is: everybody who has used it while logged in, each as an attribute under a name that applications
/// cannot use, so that it merges, moves and is replayed as every other.
/// </summary>
/// <remarks>
/// <code>
/// "\0principal"             the first one
/// "\0principal:" key         each further one; the key as base64url
/// </code>
/// One attribute for each, because nodes may record two at the same time, and neither may hide the
/// other: a session ends
/// with any of its principals. Reserved are the names that begin with U+0000: no application has
/// them, and they sort first,
/// so that finding one, or none, takes a look at the first attributes of a record.
/// </remarks>
internal static class SessionPrincipal
{
    public const string Name = "\0principal";

    private static ReadOnlySpan<byte> NameUtf8 => "\0principal"u8;

    /// <summary>The name under which a principal is recorded that is not the first one of its session.</summary>
    public static string NameOfFurther(PrincipalKey principal) => $"{Name}:{principal}";

    /// <summary>Whether a name is kept from applications.</summary>
    public static bool IsReserved(string? name) => name is ['\0', ..];

    /// <inheritdoc cref="IsReserved(string?)"/>
    public static bool IsReserved(ReadOnlySpan<byte> nameUtf8) => nameUtf8.Length > 0 && nameUtf8[0] == 0;

    /// <summary>Everybody whose session it is. On the way of every request: no allocation.</summary>
    public static Enumerator In(SessionRecord record) => new(record);

    /// <summary>Whether the session is anybody's.</summary>
    public static bool IsIn(SessionRecord record) => In(record).MoveNext();

    /// <summary>Whether the session is somebody's.</summary>
    public static bool IsIn(SessionRecord record, PrincipalKey principal)
    {
        foreach (var (recorded, _) in In(record))
        {
            if (recorded == principal)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Walks the principals of a record, each with the commit that recorded it.</summary>
    internal ref struct Enumerator(SessionRecord record)
    {
        private SessionRecord.Enumerator _attributes = record.GetEnumerator();

        public (PrincipalKey Principal, SessionVersion Recorded) Current { get; private set; }

        public readonly Enumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            while (_attributes.MoveNext() && IsReserved(_attributes.Current.NameUtf8))
            {
                var attribute = _attributes.Current;
                if (attribute.Exists && attribute.Payload.Length == PrincipalKey.ByteLength
                    && attribute.NameUtf8.StartsWith(NameUtf8))
                {
                    Current = (PrincipalKey.Read(attribute.Payload), attribute.Version);
                    return true;
                }
            }

            return false;
        }
    }
}
