using ClusterSession.Failover.Face;
using ClusterSession.Failover.Raft;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Failover.Hosting;

/// <summary>What an agent answers of its cluster. Nothing secret is in it.</summary>
internal sealed class FaceEndpoints(ClusterFace face, Func<RaftStatus> store)
{
    public Task ClusterAsync(HttpContext context)
    {
        var server = store();
        var (isRuled, status) = face.Cluster(server.IsLeading, server.IsVoter);
        return JsonResponse.WriteAsync(
            context,
            RoleEndpoints.StatusOf(isRuled),
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
            RoleEndpoints.StatusOf(face.History() is not null),
            face.History(),
            FaceJson.Default.HistoryStatus!
        );
}
