using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ClusterSession.Tests.DropIn;

/// <summary>A small application that knows nothing of whose sessions it uses.</summary>
internal sealed class DropInProgram
{
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(20);

    /// <summary>How long a session manager waits for its store.</summary>
    public TimeSpan? StoreTimeout { get; init; }

    public Action<CookieBuilder>? Cookie { get; init; }

    /// <summary>What only our options have; for differences.</summary>
    public Action<ClusterSessionOptions>? Ours { get; init; }

    public Action<IServiceCollection>? Services { get; init; }

    /// <summary>Middleware around the sessions.</summary>
    public Action<WebApplication>? Outside { get; init; }

    /// <summary>Middleware between the sessions and the endpoints.</summary>
    public Action<WebApplication>? Inside { get; init; }

    public Action<IEndpointRouteBuilder>? Endpoints { get; init; }

    /// <summary>Whether the program forgot to use sessions.</summary>
    public bool IsWithoutSessions { get; init; }

    /// <summary>
    /// The path of a branch, the only place where the program uses sessions; it answers with the
    /// value that it replaces.
    /// </summary>
    public string? Branch { get; init; }

    /// <summary>A program with one endpoint of its own besides the usual ones.</summary>
    public static DropInProgram With(string path, RequestDelegate endpoint) =>
        new() { Endpoints = endpoints => endpoints.Map(path, endpoint) };

    /// <summary>
    /// A program with one endpoint that does something to the session and answers with what it
    /// returns.
    /// </summary>
    public static DropInProgram With(string path, Func<HttpContext, object?> endpoint) =>
        With(path, context => context.Response.WriteAsync(endpoint(context)?.ToString() ?? "-"));

    /// <summary>The endpoints that every program has.</summary>
    public static void MapUsual(IEndpointRouteBuilder endpoints)
    {
        endpoints.Map("/untouched", context => context.Response.WriteAsync("untouched"));
        endpoints.Map("/set", context =>
        {
            foreach (var (name, value) in context.Request.Query)
            {
                context.Session.SetString(name, value!);
            }

            return context.Response.WriteAsync("set");
        });
        endpoints.Map("/set-empty", context =>
        {
            foreach (var (name, value) in context.Request.Query)
            {
                context.Session.SetString(name, value!);
            }

            return Task.CompletedTask;
        });
        endpoints.Map("/get", context =>
        {
            var values = context.Request.Query.Keys.Select(name => context.Session.GetString(name) ?? "-");
            return context.Response.WriteAsync(string.Join(',', values));
        });
        endpoints.Map("/keys", context => context.Response.WriteAsync(string.Join(',', context.Session.Keys.Order())));
        endpoints.Map("/available", context => context.Response.WriteAsync($"{context.Session.IsAvailable}"));
        endpoints.Map("/remove", context =>
        {
            foreach (var name in context.Request.Query.Keys)
            {
                context.Session.Remove(name);
            }

            return context.Response.WriteAsync("removed");
        });
        endpoints.Map("/clear", context =>
        {
            context.Session.Clear();
            return context.Response.WriteAsync("cleared");
        });
    }
}
