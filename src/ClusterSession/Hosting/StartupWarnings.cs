using ClusterSession.Diagnostics;
using ClusterSession.Http;
using ClusterSession.Http.SignIn;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Hosting;

/// <summary>
/// Mistakes of an application that would otherwise show as sessions that get lost: each is one
/// warning when the application has started, with the remedy. The log also says which application
/// the sessions belong to. What cannot work at all is refused by
/// <see cref="ClusterSessionOptionsValidator"/>.
/// </summary>
internal sealed class StartupWarnings(
    RegisteredServices registered,
    SessionPipeline pipeline,
    LoginSchemes schemes,
    IServiceProvider services,
    IOptions<ClusterSessionOptions> options,
    ILogger<StartupWarnings> logger
) : IHostedLifecycleService
{
    /// <summary>
    /// Now the pipeline is built and its endpoints are known, whichever way the application is set
    /// up.
    /// </summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        logger.ApplicationNamed(options.Value.ApplicationName!, options.Value.KeyPrefix!);
        WarnOfStore();
        WarnOfAddSession();
        WarnOfPipeline(services.GetService<EndpointDataSource>()?.Endpoints ?? []);
        if (options.Value.RotateIdAtSignIn && schemes.Unclear.Count > 0)
        {
            logger.LoginSchemeUnclear(string.Join(", ", schemes.Unclear));
        }

        foreach (var warning in CookieCheck.Warnings(options.Value))
        {
            logger.CookieDoubtful(warning);
        }

        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void WarnOfStore()
    {
        if (
            registered.HasUnnamedStore
            && services.GetService<IHostEnvironment>() is { } environment
            && !environment.IsDevelopment()
        )
        {
            logger.StoreNotNamed(environment.EnvironmentName);
        }
    }

    /// <summary>
    /// Warns of AddSession, or else of its options. Warns of an own ISessionStore in any case.
    /// </summary>
    private void WarnOfAddSession()
    {
        if (registered.HasAddSession)
        {
            logger.AddSessionLeftIn();
        }
        else if (registered.HasSessionOptions)
        {
            logger.SessionOptionsLeftIn();
        }

        if (registered.OwnSessionStore is { } own)
        {
            logger.SessionStoreIgnored(own);
        }
    }

    private void WarnOfPipeline(IReadOnlyList<Endpoint> endpoints)
    {
        var accesses = endpoints
            .Select(static endpoint => endpoint.Metadata.GetMetadata<SessionAccessAttribute>())
            .ToArray();
        if (!pipeline.IsUsed)
        {
            // A process that only manages sessions has health endpoints; they can say that they use
            // none. A process with keys of Data Protection in the store may have no sessions; there
            // only endpoints that ask for a session cause the warning.
            if (
                accesses.Any(access =>
                    access is null ? !registered.HasSharedKeys : access.Concurrency != SessionConcurrency.None
                )
            )
            {
                logger.PipelineMissing();
            }
        }
        else if (pipeline.IsBeforeRouting && accesses.Count(static access => access is not null) is var ignored and > 0)
        {
            logger.PipelineBeforeRouting(ignored);
        }
    }
}
