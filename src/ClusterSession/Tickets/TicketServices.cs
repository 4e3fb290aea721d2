using ClusterSession.Http;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ClusterSession.Tickets;

/// <summary>What <see cref="ClusterSessionBuilder.AddTicketStore"/> adds.</summary>
internal static class TicketServices
{
    public static void Add(IServiceCollection services)
    {
        if (services.Any(static service => service.ServiceType == typeof(TicketRecords)))
        {
            return;
        }

        services.AddHttpContextAccessor(); // EndAllAsync must know the request whose next login it is not to end.
        services.AddSingleton<TicketRecords>();
        services.AddSingleton<TicketOutageLog>();
        services.AddSingleton<TicketUnavailableAnswer>();
        services.AddSingleton<IStartupFilter>(static provider =>
            provider.GetRequiredService<TicketUnavailableAnswer>()
        );
        services.AddSingleton<IExceptionHandler>(static provider =>
            provider.GetRequiredService<TicketUnavailableAnswer>()
        );
        services.AddSingleton<IDeveloperPageExceptionFilter>(static provider =>
            provider.GetRequiredService<TicketUnavailableAnswer>()
        );
        services.AddSingleton<IPostConfigureOptions<ClusterSessionOptions>, TicketLife>();

        // PostConfigureCookieAuthenticationOptions has to run before TicketCookieOptions, which
        // wraps what it has set. It is registered here, so that this holds in whichever order
        // AddCookie and this method are called.
        services.AddDataProtection();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<
                IPostConfigureOptions<CookieAuthenticationOptions>,
                PostConfigureCookieAuthenticationOptions
            >()
        );
        services.AddSingleton<IPostConfigureOptions<CookieAuthenticationOptions>, TicketCookieOptions>();
        services.AddAuthenticationCore();
        SignInServices.Decorate<TicketAuthenticationService>(services);
    }
}
