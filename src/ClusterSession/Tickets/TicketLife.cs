using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.Options;

namespace ClusterSession.Tickets;

/// <summary>
/// How long tickets live at most, and with them the memory of every end: asked of the cookie
/// schemes when the application starts.
/// </summary>
internal sealed class TicketLife(
    IOptions<AuthenticationOptions> authentication,
    IOptionsMonitor<CookieAuthenticationOptions> cookies
) : IPostConfigureOptions<ClusterSessionOptions>
{
    private static readonly TimeSpan Least = TimeSpan.FromDays(14);

    public void PostConfigure(string? name, ClusterSessionOptions options)
    {
        var lives = authentication
            .Value.Schemes.Where(static scheme =>
                typeof(CookieAuthenticationHandler).IsAssignableFrom(scheme.HandlerType)
            )
            .Select(scheme => cookies.Get(scheme.Name).ExpireTimeSpan);
        options.TicketLife = options.LongestTicketLife is { } longest
            ? lives.Append(longest).Max()
            : lives.Append(Least).Max();
    }
}
