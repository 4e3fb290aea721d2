using ShopCluster.Nodes;

namespace ShopCluster.Control;

/// <summary>
/// What the buttons of the page talk to, through nginx under <c>/cluster/</c>: it is no part of the
/// shop, and a node could hardly kill itself and tell about it.
/// </summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ControlServer(WebApplication app) => _app = app;

    public int Port => new Uri(_app.Urls.Single()).Port;

    public static async Task<ControlServer> StartAsync(DemoCluster cluster, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();

        app.MapGet("/cluster/status", (CancellationToken aborted) => StatusAsync(cluster, aborted));
        app.MapGet("/cluster/all-down", () =>
            Results.Stream(
                typeof(ControlServer).Assembly.GetManifestResourceStream("AllDown.html")!,
                "text/html; charset=utf-8"
            )
        );
        var nodes = app.MapGroup("/cluster/nodes/{name}").AddEndpointFilter(OwnPageOnlyAsync);
        nodes.MapPost("kill", (string name, CancellationToken aborted) =>
            CommandAsync(cluster, name, node => node.KillAsync(aborted))
        );
        // Not the request's token: a page that is closed must not leave a node half started.
        nodes.MapPost("start", (string name) => CommandAsync(cluster, name, node => node.StartAsync(cancellation)));

        await app.StartAsync(cancellation);
        return new ControlServer(app);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task<ClusterStatus> StatusAsync(DemoCluster cluster, CancellationToken cancellation)
    {
        var store = cluster.StoreStatusAsync(cancellation);
        await Task.WhenAll(cluster.Nodes.Where(node => node.State == NodeState.Up).Select(node => node.LookAsync()));
        return new ClusterStatus(
            cluster.Run,
            [
                .. cluster.Nodes.Select(node => new ClusterNodeStatus(
                    node.Name,
                    node.Port,
                    node.State.ToString().ToLowerInvariant(),
                    node.Requests
                )),
            ],
            await store
        );
    }

    private static async Task<IResult> CommandAsync(DemoCluster cluster, string name, Func<ShopNode, Task> command)
    {
        if (cluster.Nodes.FirstOrDefault(node => node.Name == name) is not { } found)
        {
            return Results.NotFound();
        }

        await command(found);
        return Results.NoContent();
    }

    /// <summary>
    /// A header of our own is something that a page of another site cannot send along.
    /// </summary>
    private static ValueTask<object?> OwnPageOnlyAsync(
        EndpointFilterInvocationContext context,
        EndpointFilterDelegate next
    ) =>
        context.HttpContext.Request.Headers.ContainsKey("X-Demo")
            ? next(context)
            : ValueTask.FromResult<object?>(Results.StatusCode(403));
}

/// <summary>The answer of <c>GET /cluster/status</c>.</summary>
internal sealed record ClusterStatus(string Run, IReadOnlyList<ClusterNodeStatus> Nodes, StoreStatus Store);

/// <summary>One node in it.</summary>
internal sealed record ClusterNodeStatus(string Name, int Port, string State, long Requests);
