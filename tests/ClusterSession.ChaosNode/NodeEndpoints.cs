using System.Globalization;
using ClusterSession.Histories;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ClusterSession.ChaosNode;

/// <summary>
/// The endpoints:
/// <code>
/// /set?key=&amp;value=   /get?key=   /entry?value=   /entries   /remove?key=   /counter?key=   /count?key=   /destroy   /renew
/// /ops     POST a JSON array of operations, executed in order inside one request
/// /state   everything in the session
/// /end-all?principal=  logs somebody out everywhere; ?as= at any endpoint logs in
/// /health  no session at all
/// /metric?name=  what a counter of the product has come to
/// /met?name=     how many requests have come to a meeting; no session either
/// /starve?until=  lets the node stand still, all of its threads taken, until there is a file of that name
/// </code>
/// each with <c>&amp;meet=name&amp;of=2</c> to wait for another request between reading and writing
/// (see <see cref="Rendezvous"/>). Writes answer to GET too: it is a test.
/// </summary>
internal static class NodeEndpoints
{
    private static readonly string[] Methods = ["GET", "POST"];

    public static void Map(IEndpointRouteBuilder app)
    {
        Map(app, "/set", q => Op.Set(q["key"]!, q["value"]!));
        Map(app, "/get", q => Op.Get(q["key"]!, null));
        Map(app, "/entry", q => Op.Append(q["value"]!));
        Map(app, "/entries", _ => Op.List());
        Map(app, "/remove", q => Op.Remove(q["key"]!));
        Map(app, "/counter", q => Op.Counter(q["key"]!, null));
        Map(app, "/count", q => Op.CounterRead(q["key"]!, null));
        Map(app, "/destroy", _ => Op.Destroy());
        Map(app, "/renew", _ => Op.Renew());
        app.MapPost("/ops", async context =>
        {
            var ops = await context.Request.ReadFromJsonAsync<Op[]>(NodeAnswer.Json, context.RequestAborted);
            await RunAsync(context, ops ?? []);
        });
        app.MapGet("/state", context => RunAsync(context, []));
        app.MapPost("/end-all", async context =>
            {
                var manager = context.RequestServices.GetRequiredService<ISessionManager>();
                await manager.EndAllAsync(context.Request.Query["principal"]!);
                await context.Response.WriteAsync("ended");
            })
            .WithSessionAccess(SessionConcurrency.None);
        app.MapGet("/metric", context =>
                context.Response.WriteAsync(
                    context
                        .RequestServices.GetRequiredService<NodeCounters>()
                        .Sum(context.Request.Query["name"]!)
                        .ToString(CultureInfo.InvariantCulture)
                )
            )
            .WithSessionAccess(SessionConcurrency.None);
        app.MapGet("/met", context =>
                context.Response.WriteAsync(
                    context
                        .RequestServices.GetRequiredService<Rendezvous>()
                        .Come(context.Request.Query["name"]!)
                        .ToString(CultureInfo.InvariantCulture)
                )
            )
            .WithSessionAccess(SessionConcurrency.None);
        app.MapGet("/starve", async context =>
            {
                await context.Response.WriteAsync("starving");
                await context.Response.CompleteAsync();
                Starvation.Begin(context.Request.Query["until"]!);
            })
            .WithSessionAccess(SessionConcurrency.None);
        app.MapGet("/health", context => context.Response.WriteAsync("ok")).WithSessionAccess(SessionConcurrency.None);
    }

    private static void Map(IEndpointRouteBuilder app, string path, Func<IQueryCollection, Op> op) =>
        app.MapMethods(path, Methods, context => RunAsync(context, [op(context.Request.Query)]));

    private static async Task RunAsync(HttpContext context, IReadOnlyList<Op> ops)
    {
        var session = context.Session;
        await session.LoadAsync(context.RequestAborted);
        var cluster = session as IClusterSession;
        var served = cluster is null ? null : VersionText.Of(cluster);
        var isNew = cluster?.IsNew ?? !session.Keys.Any();
        CommitHeaders.MarkEndpointRan(context, served);
        await MeetAsync(context);

        var done = new List<Op>(ops.Count);
        foreach (var op in ops)
        {
            done.Add(await SessionOps.ExecuteAsync(session, op));
        }
        var answer = new NodeAnswer
        {
            Node = ((NodeSettings)context.RequestServices.GetService(typeof(NodeSettings))!).Name,
            Ops = done,
            IsNew = isNew,
            IsRegressed = cluster?.IsRegressed ?? false,
            IsAvailable = session.IsAvailable,
            Served = served,
            Source = cluster?.Source.ToString(),
            State = ops.Count == 0 ? SessionOps.StateOf(session) : null,
        };
        await context.Response.WriteAsJsonAsync(answer, NodeAnswer.Json, context.RequestAborted);
    }

    private static Task MeetAsync(HttpContext context) =>
        context.Request.Query["meet"].ToString() is { Length: > 0 } name
            ? ((Rendezvous)context.RequestServices.GetService(typeof(Rendezvous))!).MeetAsync(
                name,
                int.Parse(context.Request.Query["of"].ToString(), CultureInfo.InvariantCulture),
                context.RequestAborted
            )
            : Task.CompletedTask;
}
