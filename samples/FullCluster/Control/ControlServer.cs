using System.Text.Json.Nodes;
using FullCluster.Load;
using FullCluster.Parts;
using ShopCluster;

namespace FullCluster.Control;

/// <summary>The page with the picture, and what its buttons talk to.</summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ControlServer(WebApplication app) => _app = app;

    /// <summary>Where the page is.</summary>
    public string Address => _app.Urls.Single();

    public static async Task<ControlServer> StartAsync(
        FullSite site,
        LiveLoad load,
        int port,
        CancellationToken cancellation
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var app = builder.Build();
        app.MapGet("/", () =>
            Results.Stream(
                typeof(ControlServer).Assembly.GetManifestResourceStream("Page.html")!,
                "text/html; charset=utf-8"
            )
        );
        app.MapGet("/state", (CancellationToken aborted) => StateAsync(site, load, aborted));
        // Not the request's token: a page that is closed must not leave a part half started.
        app.MapPost("/parts/{name}/{command}", (string name, string command) =>
                CommandAsync(site, name, command, cancellation)
            )
            .AddEndpointFilter(OwnPageOnlyAsync);
        await app.StartAsync(cancellation);
        return new ControlServer(app);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task<JsonObject> StateAsync(FullSite site, LiveLoad load, CancellationToken cancellation)
    {
        var look = site.Eyes.LookAsync(cancellation);
        var history = site.Eyes.HistoryAsync(cancellation);
        var behind = site.BehindAddressAsync();
        var replicas = await Task.WhenAll(
            site.Ports.Replicas.Keys.Select(async name => (Name: name, Look: await site.Replicas.LookAsync(name)))
        );
        var cut = await Task.WhenAll(
            site.Ports.Redis.Keys.Select(async name => (Name: name, Is: await site.Cut.IsCutAsync(name)))
        );
        return new JsonObject
        {
            ["parts"] = new JsonArray([
                .. site.Parts.Select(part => new JsonObject
                {
                    ["name"] = part.Name,
                    ["kind"] = part.Kind.ToString(),
                    ["port"] = part.Port,
                    ["state"] = part.State.ToString(),
                    ["isCut"] = cut.Any(one => one.Name == part.Name && one.Is),
                }),
            ]),
            ["shop"] = site.Address.ToString(),
            ["address"] = await behind,
            ["cluster"] = (await look).Json.DeepClone(),
            ["replicas"] = new JsonObject(
                replicas.Select(replica =>
                    KeyValuePair.Create<string, JsonNode?>(
                        replica.Name,
                        new JsonObject
                        {
                            ["follows"] = replica.Look.Follows,
                            ["isLinkUp"] = replica.Look.IsLinkUp,
                            ["lag"] = replica.Look.Lag,
                        }
                    )
                )
            ),
            ["history"] = new JsonArray([.. (await history).TakeLast(8).Select(line => line.DeepClone())]),
            ["load"] = new JsonObject
            {
                ["requests"] = load.Tally.Answered,
                ["lost"] = load.Lost,
                ["stale"] = load.Tally.Stale,
                ["revived"] = load.Tally.Returned,
                ["trouble"] = load.Trouble,
                ["witnesses"] = new JsonArray([.. load.Tally.Witnesses.Select(line => JsonValue.Create(line))]),
            },
        };
    }

    private static async Task<IResult> CommandAsync(
        FullSite site,
        string name,
        string command,
        CancellationToken cancellation
    )
    {
        if (site.Parts.FirstOrDefault(part => part.Name == name) is not { } part)
        {
            return Results.NotFound();
        }

        try
        {
            await (
                command switch
                {
                    "kill" => part.KillAsync(cancellation),
                    "freeze" => part.FreezeAsync(cancellation),
                    "thaw" => part.ThawAsync(cancellation),
                    "start" => part.StartAsync(cancellation),
                    "reload" => part.ReloadAsync(cancellation),
                    "cut" when part.Kind == PartKind.Redis => site.Cut.CutAsync(name),
                    "heal" when part.Kind == PartKind.Redis => site.Cut.HealAsync(name),
                    _ => throw new DemoException($"{name} has no command {command}."),
                }
            );
            return Results.NoContent();
        }
        catch (Exception failure) when (failure is DemoException or ServerProcessException or TimeoutException)
        {
            return Results.Text(failure.Message, statusCode: 409);
        }
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
