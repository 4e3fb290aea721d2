using System.Net;
using System.Text.Json;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Raft;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Cli.Tests;

/// <summary>An agent's HTTP face over real Kestrel, whose answers the test sets.</summary>
internal sealed class FakeAgent : IAsyncDisposable
{
    public const string Secret = "a-secret-of-the-cluster";

    private readonly WebApplication _app;
    private readonly List<CommandRequest> _commands = [];

    private FakeAgent(WebApplication app) => _app = app;

    public ClusterStatus Status { get; set; } = Clusters.Healthy;

    public HistoryStatus History { get; set; } = new("shop", []);

    /// <summary>Called before each answer to GET /cluster.</summary>
    public Action OnLook { get; set; } = () => { };

    /// <summary>What a command comes to; it may change the status.</summary>
    public Func<CommandRequest, (int Code, CommandAnswer Answer)> OnCommand { get; set; } =
        _ => (StatusCodes.Status200OK, new CommandAnswer(true, new CommandPlan(["Step one.", "Step two."], [])));

    /// <summary>Cuts the connection of a command after it was received.</summary>
    public bool CutsCommands { get; set; }

    /// <summary>Commands with the right secret, plans included.</summary>
    public IReadOnlyList<CommandRequest> Commands => _commands;

    public string Address =>
        _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<FakeAgent> StartAsync(ClusterStatus? status = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(options => options.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var agent = new FakeAgent(app) { Status = status ?? Clusters.Healthy };
        app.MapGet("/cluster", (RequestDelegate)agent.ClusterAsync);
        app.MapGet(
            "/history",
            (RequestDelegate)(
                context =>
                    WriteAsync(
                        context,
                        JsonSerializer.SerializeToUtf8Bytes(agent.History, FaceJson.Default.HistoryStatus)
                    )
            )
        );
        app.MapPost("/cluster/commands", (RequestDelegate)agent.CommandAsync);
        await app.StartAsync();
        return agent;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private Task ClusterAsync(HttpContext context)
    {
        OnLook();
        context.Response.StatusCode = Status.Ruler is null ? 503 : 200;
        return WriteAsync(context, JsonSerializer.SerializeToUtf8Bytes(Status, FaceJson.Default.ClusterStatus));
    }

    private async Task CommandAsync(HttpContext context)
    {
        if (context.Request.Headers[RaftHandler.SecretHeader] != Secret)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        var command = await JsonSerializer.DeserializeAsync(
            context.Request.Body,
            FaceJson.Default.CommandRequest,
            context.RequestAborted
        );
        _commands.Add(command!);
        if (CutsCommands && !command!.Plan)
        {
            context.Abort();
            return;
        }

        var (code, answer) = OnCommand(command!);
        context.Response.StatusCode = code;
        await WriteAsync(context, JsonSerializer.SerializeToUtf8Bytes(answer, FaceJson.Default.CommandAnswer));
    }

    private static async Task WriteAsync(HttpContext context, byte[] json)
    {
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(json, context.RequestAborted);
    }
}
