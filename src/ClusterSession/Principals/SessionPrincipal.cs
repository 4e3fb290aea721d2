using System.Text;
using ClusterSession.Records;

namespace ClusterSession.Principals;

/// <summary>
/// Whose session it is: everybody who has used it while logged in, each as an attribute under a
/// name that applications cannot use, so that it merges, moves and is replayed as every other.
/// </summary>
/// <remarks>
/// <code>
/// "\0principal"             the first one
/// "\0principal:" key         each further one; the key as base64url
/// payload                   16 bytes key, then the ends that were known when the request of the
///                           login began (PrincipalVector)
/// </code>
/// One attribute for each, because nodes may record two at the same time, and neither may hide the
/// other: a session ends with any of its principals. Reserved are the names that begin with U+0000:
/// no application has them, and they sort first, so that finding one, or none, takes a look at the
/// first attributes of a record.
/// </remarks>
internal static class SessionPrincipal
{
    public const string Name = "\0principal";

    private static ReadOnlySpan<byte> NameUtf8 => "\0principal"u8;

    /// <summary>
    /// The name under which a principal is recorded that is not the first one of its session.
    /// </summary>
    public static string NameOfFurther(PrincipalKey principal) => $"{Name}:{principal}";

    /// <summary>Whether what is recorded under one of the names is this principal.</summary>
    public static bool Is(ReadOnlySpan<byte> payload, PrincipalKey principal) =>
        payload.Length >= PrincipalKey.ByteLength && PrincipalKey.Read(payload) == principal;

    /// <summary>
    /// Everybody whose session it is. On the way of every request: no allocation.
    /// </summary>
    public static Enumerator In(SessionRecord record) => new(record);

    /// <summary>
    /// Whether any principal is recorded. Also true where only the session's name is (<see
    /// cref="SessionName"/>): after a change of the id by a request of nobody.
    /// </summary>
    public static bool IsIn(SessionRecord record) => In(record).MoveNext();

    /// <summary>Whether this principal is recorded in the session.</summary>
    public static bool IsIn(SessionRecord record, PrincipalKey principal)
    {
        foreach (var recorded in In(record))
        {
            if (recorded.Principal == principal)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Under which name somebody is recorded, and what is; false if the session is not theirs.
    /// </summary>
    public static bool TryFind(
        SessionRecord record,
        PrincipalKey principal,
        out string name,
        out ReadOnlySpan<byte> payload
    )
    {
        foreach (var recorded in In(record))
        {
            if (recorded.Principal == principal)
            {
                name = Encoding.UTF8.GetString(recorded.NameUtf8);
                payload = recorded.Payload;
                return true;
            }
        }

        name = "";
        payload = default;
        return false;
    }

    /// <summary>A principal of a record.</summary>
    internal readonly ref struct Recorded(SessionAttribute attribute)
    {
        private readonly SessionAttribute _attribute = attribute;

        public PrincipalKey Principal => PrincipalKey.Read(_attribute.Payload);

        public ReadOnlySpan<byte> NameUtf8 => _attribute.NameUtf8;

        /// <summary>The key, and behind it the vector.</summary>
        public ReadOnlySpan<byte> Payload => _attribute.Payload;

        /// <summary>The ends that were known. Records of an earlier release know none.</summary>
        public ReadOnlySpan<byte> Vector => _attribute.Payload[PrincipalKey.ByteLength..];
    }

    /// <summary>Walks the principals of a record.</summary>
    internal ref struct Enumerator(SessionRecord record)
    {
        private SessionRecord.Enumerator _attributes = record.GetEnumerator();

        public readonly Recorded Current => new(_attributes.Current);

        public readonly Enumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            while (_attributes.MoveNext() && AttributeName.IsReserved(_attributes.Current.NameUtf8))
            {
                var attribute = _attributes.Current;
                if (
                    attribute.Exists
                    && attribute.Payload.Length >= PrincipalKey.ByteLength
                    && attribute.NameUtf8.StartsWith(NameUtf8)
                )
                {
                    return true;
                }
            }

            return false;
        }
    }
}
