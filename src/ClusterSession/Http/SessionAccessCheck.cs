using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ClusterSession.Http;

/// <summary>
/// Refuses to start an application with an endpoint whose session access is not available yet.
/// </summary>
internal sealed class SessionAccessCheck(IServiceProvider services) : IHostedLifecycleService
{
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var refused = services
            .GetService<EndpointDataSource>()
            ?.Endpoints.Where(endpoint =>
                endpoint.Metadata.GetMetadata<SessionAccessAttribute>()?.Concurrency == SessionConcurrency.Exclusive
            )
            .Select(endpoint => $"'{endpoint.DisplayName}'")
            .ToArray();
        return refused is { Length: > 0 }
            ? Task.FromException(
                new NotSupportedException(
                    $"SessionConcurrency.Exclusive is not available yet, and {string.Join(", ", refused)} asks for "
                        + "it. Use Merge, with an attribute for each thing that changes."
                )
            )
            : Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
