using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ClusterSession.Tickets;

/// <summary>
/// How long tickets live at most, and with them the memory of every end: asked of the cookie
/// schemes when it is needed first.
/// </summary>
/// <remarks>
/// Not before: options of cookie schemes need Data Protection, and its keys may be kept in the
/// store of these very options.
/// </remarks>
internal sealed class TicketLife(IServiceProvider services) : IPostConfigureOptions<ClusterSessionOptions>
{
    private static readonly TimeSpan Least = TimeSpan.FromDays(14);

    public void PostConfigure(string? name, ClusterSessionOptions options)
    {
        var least = options.LongestTicketLife ?? Least;
        options.LazyTicketLife = new Lazy<TimeSpan>(() => Lives().Append(least).Max());
    }

    private IEnumerable<TimeSpan> Lives()
    {
        var cookies = services.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>();
        return services
            .GetRequiredService<IOptions<AuthenticationOptions>>()
            .Value.Schemes.Where(static scheme =>
                typeof(CookieAuthenticationHandler).IsAssignableFrom(scheme.HandlerType)
            )
            .Select(scheme => cookies.Get(scheme.Name).ExpireTimeSpan);
    }
}
