using System.Text.Json;
using ClusterSession.Failover.Leases;
using ClusterSession.Failover.Raft;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Failover.Hosting;

/// <summary>
/// What a server answers: messages of the protocol, operations, its status. All need the secret.
/// </summary>
internal sealed class CoordinationEndpoints(RaftServer server, Admission admission)
{
    private const int LargestRequest = 2 * Operation.LargestDocument;

    /// <summary>A message of DotNext's Raft protocol.</summary>
    public Task ProtocolAsync(HttpContext context) =>
        admission.Admits(context) ? server.ReceiveAsync(context) : Task.CompletedTask;

    /// <summary>The status of this server.</summary>
    public async Task StatusAsync(HttpContext context)
    {
        if (admission.Admits(context))
        {
            context.Response.ContentType = "application/json";
            await JsonSerializer
                .SerializeAsync(
                    context.Response.Body,
                    server.Status(),
                    RaftStatusJson.Default.RaftStatus,
                    context.RequestAborted
                )
                .ConfigureAwait(false);
        }
    }

    /// <summary>
    /// An operation; forwarded once to the leader, unless a server has done that already.
    /// </summary>
    public async Task OperationAsync(HttpContext context)
    {
        if (!admission.Admits(context))
        {
            return;
        }

        Operation operation;
        try
        {
            operation = Operation.Decode(await BodyAsync(context.Request).ConfigureAwait(false));
        }
        catch (InvalidDataException failure)
        {
            admission.Refuse(context, StatusCodes.Status400BadRequest, failure.Message);
            return;
        }

        var answer = context.Request.Headers.ContainsKey(PeerClient.HopHeader)
            ? await server.ExecuteAsync(operation, context.RequestAborted).ConfigureAwait(false)
            : await server.SendAsync(operation, context.RequestAborted).ConfigureAwait(false);
        await context.Response.Body.WriteAsync(answer.Encode(), context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task<byte[]> BodyAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        var buffer = new byte[4096];
        int read;
        while (
            (read = await request.Body.ReadAsync(buffer, request.HttpContext.RequestAborted).ConfigureAwait(false)) > 0
        )
        {
            body.Write(buffer, 0, read);
            if (body.Length > LargestRequest)
            {
                throw new InvalidDataException($"The operation is larger than {LargestRequest} bytes.");
            }
        }

        return body.ToArray();
    }
}
