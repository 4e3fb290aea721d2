using System.Globalization;
using ClusterSession.Failover.Face;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ClusterSession.Failover.Hosting;

/// <summary>
/// What balancers and monitors ask of any process beside a Redis. Nothing secret is in it.
/// </summary>
/// <param name="face">Answers.</param>
/// <param name="metrics">The page of metrics.</param>
internal sealed class RoleEndpoints(IFace face, Func<string> metrics)
{
    private static readonly string[] Reading = ["GET", "HEAD", "OPTIONS"]; // Balancers check by any of them.

    public Task PrimaryAsync(HttpContext context) => AnswerAsync(context, face.Primary());

    public Task ReadOnlyAsync(HttpContext context) => AnswerAsync(context, face.ReadOnly());

    public Task ReplicaAsync(HttpContext context)
    {
        if (!context.Request.Query.TryGetValue("lag", out var text))
        {
            return AnswerAsync(context, face.Replica(null));
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var most))
        {
            return AnswerAsync(context, face.Replica(most));
        }

        var (_, status) = face.Replica(null);
        return JsonResponse.WriteAsync(
            context,
            StatusCodes.Status400BadRequest,
            status with
            {
                Reason = "The query 'lag' is no number of bytes. Give it as in /replica?lag=1048576.",
            },
            FaceJson.Default.RoleStatus
        );
    }

    public Task HealthAsync(HttpContext context)
    {
        var health = face.Health();
        return JsonResponse.WriteAsync(context, StatusOf(health.IsHealthy), health, FaceJson.Default.HealthStatus);
    }

    public async Task MetricsAsync(HttpContext context)
    {
        context.Response.ContentType = MetricsText.ContentType;
        await context.Response.WriteAsync(metrics(), context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Maps a path for everybody, by every method that balancers check by.</summary>
    public static void Map(IEndpointRouteBuilder routes, string path, RequestDelegate answer) =>
        routes.MapMethods(path, Reading, answer).WithMetadata(new AllowAnonymousAttribute());

    public static int StatusOf(bool isSo) => isSo ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;

    private static Task AnswerAsync(HttpContext context, (bool Is, RoleStatus Status) answer) =>
        JsonResponse.WriteAsync(context, StatusOf(answer.Is), answer.Status, FaceJson.Default.RoleStatus);
}
