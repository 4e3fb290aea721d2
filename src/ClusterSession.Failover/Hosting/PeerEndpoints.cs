using System.Text.Json;
using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Diagnostics;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Peers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Hosting;

/// <summary>
/// What an agent answers the agents of the other members. All of it needs the secret.
/// </summary>
internal sealed class PeerEndpoints(FailoverAgent agent, ClusterFace face, Admission admission, ILogger logger)
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>Whether the agent's loop goes on, and what it merges.</summary>
    public Task AliveAsync(HttpContext context) =>
        admission.Admits(context)
            ? AnswerAsync(context, new PeerAnswer(face.IsAlive) { Merge = agent.Merge })
            : Task.CompletedTask;

    /// <summary>Whether it takes no lease for a while.</summary>
    public async Task PromiseAsync(HttpContext context)
    {
        if (!admission.Admits(context))
        {
            return;
        }

        var request = await ReadAsync(context).ConfigureAwait(false);
        if (
            request is null or { Epoch: < 1 } or { Adoptions: < 0 } or { DurationMilliseconds: < 1 }
            || request.DurationMilliseconds > Longest.TotalMilliseconds
        )
        {
            admission.Refuse(context, StatusCodes.Status400BadRequest, "It asks for a promise that nobody can give.");
            return;
        }

        var wasFree = agent.BoundFor <= TimeSpan.Zero;
        var duration = TimeSpan.FromMilliseconds(request.DurationMilliseconds);
        var isPromised = agent.TryPromise(request.Epoch, request.Adoptions, duration);
        if (isPromised && wasFree)
        {
            logger.PromiseGiven(duration, request.Epoch);
        }

        await AnswerAsync(context, new PeerAnswer(isPromised)).ConfigureAwait(false);
    }

    private static Task AnswerAsync(HttpContext context, PeerAnswer answer) =>
        JsonResponse.WriteAsync(context, StatusCodes.Status200OK, answer, PeerJson.Default.PeerAnswer);

    private static async Task<PromiseRequest?> ReadAsync(HttpContext context)
    {
        try
        {
            return await JsonSerializer
                .DeserializeAsync(context.Request.Body, PeerJson.Default.PromiseRequest, context.RequestAborted)
                .ConfigureAwait(false);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
