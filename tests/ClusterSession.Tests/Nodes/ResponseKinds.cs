using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ClusterSession.Tests.Nodes;

/// <summary>
/// Endpoints that set <c>color</c> to <c>red</c> and answer in each way there is.
/// </summary>
internal static class ResponseKinds
{
    private static readonly string File = Path.Combine(AppContext.BaseDirectory, "response.txt");

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        System.IO.File.WriteAllText(File, "file");
        endpoints.MapGet("/start", async (HttpContext context) =>
        {
            context.Session.SetString("color", "red");
            await context.Response.StartAsync();
            await context.Response.WriteAsync("start");
        });
        endpoints.MapGet("/json", (HttpContext context) =>
        {
            context.Session.SetString("color", "red");
            return Results.Json(new { thanks = "for your order" });
        });
        endpoints.MapGet("/redirect", (HttpContext context) =>
        {
            context.Session.SetString("color", "red");
            return Results.Redirect("/elsewhere");
        });
        endpoints.MapGet("/writer", async (HttpContext context) =>
        {
            context.Session.SetString("color", "red");
            await context.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes("writer"));
        });
        endpoints.MapGet("/unflushed", (HttpContext context) =>
        {
            context.Session.SetString("color", "red");
            context.Response.BodyWriter.Write(Encoding.UTF8.GetBytes("unflushed"));
        });
        endpoints.MapGet("/mixed", async (HttpContext context) =>
        {
            context.Session.SetString("color", "red");
            context.Response.BodyWriter.Write("m"u8);
            await context.Response.Body.WriteAsync("i"u8.ToArray());
            context.Response.BodyWriter.Write("x"u8);
            await context.Response.BodyWriter.WriteAsync("e"u8.ToArray());
            await context.Response.Body.WriteAsync("d"u8.ToArray());
        });
        endpoints.MapGet("/completed", async (HttpContext context) =>
        {
            context.Session.SetString("color", "red");
            context.Response.BodyWriter.Write("completed"u8);
            await context.Response.BodyWriter.CompleteAsync();
        });
        endpoints.MapGet("/nothing", (HttpContext context) => context.Session.SetString("color", "red"));
        endpoints.MapGet("/file", (HttpContext context) =>
        {
            context.Session.SetString("color", "red");
            return Results.File(File, "text/plain");
        });
    }

    public static string BodyOf(string path) =>
        path switch
        {
            "/json" => """{"thanks":"for your order"}""",
            "/redirect" or "/nothing" => "",
            _ => path[1..],
        };
}
