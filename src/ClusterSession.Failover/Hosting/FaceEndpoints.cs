using System.Globalization;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Raft;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Failover.Hosting;

/// <summary>
/// What an agent answers balancers, people and monitors. Nothing secret is in it.
/// </summary>
internal sealed class FaceEndpoints(ClusterFace face, MetricsPage metrics, Func<RaftStatus> store)
{
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

    public Task ClusterAsync(HttpContext context)
    {
        var server = store();
        var (isRuled, status) = face.Cluster(server.IsLeading, server.IsVoter);
        return JsonResponse.WriteAsync(
            context,
            StatusOf(isRuled),
            status with
            {
                Store = status.Store with { Silent = server.Silent },
            },
            FaceJson.Default.ClusterStatus
        );
    }

    public Task HistoryAsync(HttpContext context) =>
        JsonResponse.WriteAsync(
            context,
            StatusOf(face.History() is not null),
            face.History(),
            FaceJson.Default.HistoryStatus!
        );

    public async Task MetricsAsync(HttpContext context)
    {
        context.Response.ContentType = MetricsPage.ContentType;
        await context.Response.WriteAsync(metrics.Text(), context.RequestAborted).ConfigureAwait(false);
    }

    private static Task AnswerAsync(HttpContext context, (bool Is, RoleStatus Status) answer) =>
        JsonResponse.WriteAsync(context, StatusOf(answer.Is), answer.Status, FaceJson.Default.RoleStatus);

    private static int StatusOf(bool isSo) => isSo ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
}
