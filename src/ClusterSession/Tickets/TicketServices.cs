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
        services.AddSingleton<IStartupFilter>(
            static provider => provider.GetRequiredService<TicketUnavailableAnswer>());
        services.AddSingleton<IExceptionHandler>(
            static provider => provider.GetRequiredService<TicketUnavailableAnswer>());
        services.AddSingleton<IDeveloperPageExceptionFilter>(
            static provider => provider.GetRequiredService<TicketUnavailableAnswer>());
        services.AddSingleton<IPostConfigureOptions<ClusterSessionOptions>, TicketLife>();

        // The framework's completion of the options first, in whichever order AddCookie and this are called.
        services.AddDataProtection();
        services.TryAddEnumerable(ServiceDescriptor
            .Singleton<IPostConfigureOptions<CookieAuthenticationOptions>, PostConfigureCookieAuthenticationOptions>());
        services.AddSingleton<IPostConfigureOptions<CookieAuthenticationOptions>, TicketCookieOptions>();
        services.AddAuthenticationCore();
        Decorate(services);
    }

    /// <summary>
    /// Stands around the authentication service that is registered by now, also if that is the
    /// application's own.
    /// </summary>
    private static void Decorate(IServiceCollection services)
    {
        var inner = services.Last(static service => service.ServiceType == typeof(IAuthenticationService));
        services.Add(new ServiceDescriptor(
            typeof(IAuthenticationService),
            provider => ActivatorUtilities.CreateInstance<TicketAuthenticationService>(provider, Make(provider, inner)),
            inner.Lifetime));
    }

    private static object Make(IServiceProvider provider, ServiceDescriptor service) =>
        service.ImplementationInstance
        ?? service.ImplementationFactory?.Invoke(provider)
        ?? ActivatorUtilities.CreateInstance(provider, service.ImplementationType!);
}
