using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Stores;
using ClusterSession.TestKit.Time;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.Tests.Nodes;

/// <summary>
/// Tests of requests on nodes that share one store in memory; the nodes end with the test.
/// </summary>
public abstract class NodeTests : IAsyncLifetime
{
    private readonly List<TestNode> _nodes = [];

    protected NodeTests()
    {
        Sessions = new InMemorySessions(Time);
        Store = new CountingStore(new InMemorySessionStore(Sessions));
    }

    protected ManualTimeProvider Time { get; } = new();

    protected InMemorySessions Sessions { get; }

    /// <summary>The store of the node that <see cref="StartAsync(Action{IEndpointRouteBuilder},
    /// Action{ClusterSessionOptions}, IClusterSessionStore, Action{WebApplication},
    /// Action{WebApplication}, Action{IServiceCollection}, ServerKind)"/> starts first.</summary>
    protected CountingStore Store { get; }

    protected CapturedLogs Logs { get; } = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    /// <summary>
    /// Starts a node; the first is on <see cref="Store"/>, others on one of their own over the same
    /// sessions.
    /// </summary>
    protected async Task<TestNode> StartAsync(
        Action<IEndpointRouteBuilder>? endpoints = null,
        Action<ClusterSessionOptions>? options = null,
        IClusterSessionStore? store = null,
        Action<WebApplication>? before = null,
        Action<WebApplication>? after = null,
        Action<IServiceCollection>? services = null,
        ServerKind kind = ServerKind.TestServer
    )
    {
        store ??= _nodes.Count == 0 ? Store : new InMemorySessionStore(Sessions);
        var node = await TestNode.StartAsync(store, endpoints, options, Services + services, before, after, kind);
        _nodes.Add(node);
        return node;
    }

    /// <summary>Ends a node before the test does.</summary>
    protected async Task StopAsync(TestNode node)
    {
        _nodes.Remove(node);
        await node.DisposeAsync();
    }

    protected Task HoldsInTimeAsync(Func<bool> condition, string what) =>
        HoldsInTimeAsync(() => Task.FromResult(condition()), what);

    /// <summary>
    /// Waits while time passes: replays begin at different moments, and what is kept is sent at
    /// intervals.
    /// </summary>
    protected Task HoldsInTimeAsync(Func<Task<bool>> condition, string what) =>
        Condition.HoldsAsync(
            () =>
            {
                Time.Advance(TimeSpan.FromMilliseconds(20));
                return condition();
            },
            what
        );

    private void Services(IServiceCollection services)
    {
        services.AddSingleton<TimeProvider>(Time);
        services.AddLogging(logging => logging.AddProvider(Logs).SetMinimumLevel(LogLevel.Trace));
    }
}
