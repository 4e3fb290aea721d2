using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Tickets;

/// <summary>
/// Writes the login cookie with the key that the ticket has by now: the framework goes on with the
/// one that the request came with. A cookie of a ticket that has ended meanwhile is not written.
/// </summary>
internal sealed class TicketCookieManager(ICookieManager inner, string scheme, CookieAuthenticationOptions options)
    : ICookieManager
{
    public string? GetRequestCookie(HttpContext context, string key) => inner.GetRequestCookie(context, key);

    public void AppendResponseCookie(HttpContext context, string key, string? value, CookieOptions cookieOptions)
    {
        if (key == options.Cookie.Name && TicketRequest.Find(context) is { } request)
        {
            request.Answered(scheme);
            if (!request.MustChange(scheme, out var ticket))
            {
                // The framework knows the right key.
            }
            else if (ticket is null)
            {
                return;
            }
            else
            {
                value = request.WholeTextOf(scheme, ticket)
                    ?? TicketReference.Protect(ticket, scheme, options, context);
            }
        }

        inner.AppendResponseCookie(context, key, value, cookieOptions);
    }

    public void DeleteCookie(HttpContext context, string key, CookieOptions cookieOptions)
    {
        if (key == options.Cookie.Name)
        {
            TicketRequest.Find(context)?.Answered(scheme);
        }

        inner.DeleteCookie(context, key, cookieOptions);
    }
}
