using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>
/// A site for the scenarios of one class: it takes seconds to start. Each brings it back first.
/// </summary>
public class SharedAgentSite : IAsyncLifetime
{
    private AgentSite? _site;

    private protected virtual AgentSiteOptions Options { get; } = new();

    internal AgentSite Site => _site ?? throw new InvalidOperationException("The site was not started.");

    public async ValueTask InitializeAsync() => _site = await AgentSite.StartAsync(Options);

    public async ValueTask DisposeAsync()
    {
        if (_site is { } site)
        {
            await site.DisposeAsync();
        }
    }
}
