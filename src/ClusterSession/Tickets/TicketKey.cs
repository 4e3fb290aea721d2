using System.Security.Cryptography;
using System.Text;
using ClusterSession.Records;

namespace ClusterSession.Tickets;

/// <summary>
/// What the login cookie holds in place of the ticket: the secret id of the ticket's record, as
/// random as that of a session. One that was derived from a cookie which still holds the whole
/// ticket says so: its record may not be there yet.
/// </summary>
internal readonly struct TicketKey
{
    private const char DerivedMark = '~';

    private readonly SessionId _id;

    private TicketKey(in SessionId id, bool isDerived)
    {
        _id = id;
        IsDerived = isDerived;
        Record = SessionKey.Of(id);
    }

    /// <summary>The key of the record.</summary>
    public SessionKey Record { get; }

    /// <summary>Whether it was made of the text of a cookie.</summary>
    public bool IsDerived { get; }

    public static TicketKey New(RandomNumberGenerator random) => new(SessionId.New(random), isDerived: false);

    /// <summary>
    /// The key of the ticket that a cookie holds: as secret as the cookie, and the same on every
    /// node.
    /// </summary>
    public static TicketKey Of(string cookie)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(cookie), hash);
        return new(new SessionId(hash[..SessionId.ByteLength]), isDerived: true);
    }

    public static bool TryParse(string text, out TicketKey key)
    {
        var isDerived = text is [DerivedMark, ..];
        var isKey = SessionId.TryParse(text.AsSpan(isDerived ? 1 : 0), out var id);
        key = isKey ? new(id, isDerived) : default;
        return isKey;
    }

    /// <summary>
    /// The text for the cookie. A method of another name than ToString: it is a secret, and not to
    /// be printed.
    /// </summary>
    public string Reveal()
    {
        Span<char> text = stackalloc char[SessionId.TextLength];
        _id.WriteText(text);
        return IsDerived ? string.Concat([DerivedMark], text) : new string(text);
    }

    public override string ToString() => "TicketKey";
}
