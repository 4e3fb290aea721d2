using System.Diagnostics.CodeAnalysis;
using ClusterSession.Http.SignIn;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ClusterSession.Http;

/// <summary>Adds what observes sign-ins.</summary>
internal static class SignInServices
{
    public static void Add(IServiceCollection services)
    {
        services.TryAddSingleton<LoginSchemes>();
        services.TryAddSingleton<Persons>();
        services.TryAddSingleton<SignIns>();
        Decorate<SignInObserver>(services);
    }

    /// <summary>
    /// Registers a decorator around the authentication service that is registered by now, also if
    /// that is the application's own. If none is registered, the decorator stands around the
    /// framework's service. A later <c>AddAuthentication</c> leaves the decorator in its place.
    /// </summary>
    public static void Decorate<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TDecorator
    >(IServiceCollection services)
        where TDecorator : IAuthenticationService
    {
        var inner = services.LastOrDefault(static service => service.ServiceType == typeof(IAuthenticationService))
            ?? OfFramework();
        services.Add(
            new ServiceDescriptor(
                typeof(IAuthenticationService),
                provider => ActivatorUtilities.CreateInstance<TDecorator>(provider, Make(provider, inner)),
                inner.Lifetime
            )
        );
    }

    /// <summary>
    /// The framework's authentication service, whose implementation is internal. The services that
    /// it needs are not registered here: hosts recognize an application that has authentication by
    /// its scheme provider.
    /// </summary>
    private static ServiceDescriptor OfFramework() =>
        new ServiceCollection()
            .AddAuthenticationCore()
            .Last(static service => service.ServiceType == typeof(IAuthenticationService));

    private static object Make(IServiceProvider provider, ServiceDescriptor service)
    {
        var isOfFramework = service.ImplementationType?.Assembly == typeof(AuthenticationService).Assembly;
        if (isOfFramework && provider.GetService<IAuthenticationSchemeProvider>() is null)
        {
            throw new InvalidOperationException(
                "The application signs in or authenticates, and has no authentication services. "
                    + "Call builder.Services.AddAuthentication(...)."
            );
        }

        return service.ImplementationInstance
            ?? service.ImplementationFactory?.Invoke(provider)
            ?? ActivatorUtilities.CreateInstance(provider, service.ImplementationType!);
    }
}
