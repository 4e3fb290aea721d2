using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ClusterSession.Tickets;

/// <summary>
/// Sets how long tickets live at most; how long every end is remembered depends on that. The cookie
/// schemes are asked for their lives when the time is needed first.
/// </summary>
/// <remarks>
/// They are not asked earlier: the options of cookie schemes need Data Protection, and the keys of
/// Data Protection may be kept in the store that these very options describe.
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
