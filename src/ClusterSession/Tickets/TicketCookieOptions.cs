using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ClusterSession.Tickets;

/// <summary>
/// Gives every cookie scheme its ticket store; one that the application has set stays. Runs after
/// the framework's own completion of the options, which <see
/// cref="ClusterSessionBuilder.AddTicketStore"/> registers first.
/// </summary>
internal sealed class TicketCookieOptions(IServiceProvider services)
    : IPostConfigureOptions<CookieAuthenticationOptions>
{
    public void PostConfigure(string? name, CookieAuthenticationOptions options)
    {
        if (options.SessionStore is not null)
        {
            return;
        }

        var scheme = new TicketScheme(
            name ?? "",
            options.DataProtectionProvider ?? services.GetRequiredService<IDataProtectionProvider>()
        );
        options.SessionStore = new ClusterTicketStore(scheme, options, services.GetRequiredService<TicketRecords>);
        options.TicketDataFormat = new TicketFormat(options.TicketDataFormat, scheme.Name, options);
        options.CookieManager = new TicketCookieManager(options.CookieManager, scheme.Name, options);
    }
}
