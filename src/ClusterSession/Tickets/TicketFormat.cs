using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace ClusterSession.Tickets;

/// <summary>
/// Reads login cookies. One from before the ticket store, which holds the whole ticket, counts as a
/// reference to the key that is derived from its text: <see cref="ClusterTicketStore"/> stores the
/// ticket when it is first used.
/// </summary>
internal sealed class TicketFormat(
    ISecureDataFormat<AuthenticationTicket> inner,
    string scheme,
    CookieAuthenticationOptions options
) : ISecureDataFormat<AuthenticationTicket>
{
    public string Protect(AuthenticationTicket data) => inner.Protect(data);

    public string Protect(AuthenticationTicket data, string? purpose) => inner.Protect(data, purpose);

    public AuthenticationTicket? Unprotect(string? protectedText) =>
        Refer(protectedText, inner.Unprotect(protectedText));

    public AuthenticationTicket? Unprotect(string? protectedText, string? purpose) =>
        Refer(protectedText, inner.Unprotect(protectedText, purpose));

    /// <summary>The text of a cookie that holds the whole ticket.</summary>
    public string ProtectWhole(AuthenticationTicket ticket, string? purpose) => inner.Protect(ticket, purpose);

    /// <summary>The whole ticket that a cookie holds.</summary>
    public AuthenticationTicket? UnprotectWhole(string text, string? purpose) => inner.Unprotect(text, purpose);

    private AuthenticationTicket? Refer(string? text, AuthenticationTicket? ticket) =>
        text is null
        || ticket is null
        || options.SessionStore is not ClusterTicketStore
        || TicketReference.IsReference(ticket)
            ? ticket
            : TicketReference.Make(TicketKey.Of(text).Reveal(), scheme, options);
}
