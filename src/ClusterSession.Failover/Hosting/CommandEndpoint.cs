using System.Text.Json;
using ClusterSession.Failover.Diagnostics;
using ClusterSession.Failover.Face;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Hosting;

/// <summary>POST /cluster/commands: needs the secret.</summary>
internal sealed class CommandEndpoint(Commander commander, Admission admission, ILogger logger)
{
    public async Task RunAsync(HttpContext context)
    {
        if (!admission.Admits(context))
        {
            return;
        }

        var request = await ReadAsync(context).ConfigureAwait(false);
        var (command, wrong) = commander.Read(request);
        if (command is null)
        {
            await AnswerAsync(
                    context,
                    StatusCodes.Status400BadRequest,
                    new CommandAnswer(
                        false,
                        Refusal: new CommandRefusal(
                            wrong,
                            "Name one of maintenance-on, maintenance-off, switch, failover, adopt, raise-epoch, "
                                + "forget, discard, reinit, and for switch, forget, discard and reinit a member."
                        )
                    )
                )
                .ConfigureAwait(false);
            return;
        }

        // A command is not given up when the caller leaves: what was done is logged. A plan is.
        var answer = await commander
            .RunAsync(command, request!.Plan, request.Plan ? context.RequestAborted : CancellationToken.None)
            .ConfigureAwait(false);
        if (!request.Plan)
        {
            logger.CommandCame(
                request.Command!,
                $"{context.Connection.RemoteIpAddress}",
                answer is null
                    ? "The coordination store is not responding."
                    : answer.Refusal?.Reason ?? "It was accepted."
            );
        }

        await (
            answer is null
                ? AnswerAsync(
                    context,
                    StatusCodes.Status503ServiceUnavailable,
                    new CommandAnswer(
                        false,
                        Refusal: new CommandRefusal(
                            "The coordination store is not responding, and the command may have been written or not.",
                            "See why it does not respond (/health), look at the status, and repeat the command."
                        )
                    )
                )
                : AnswerAsync(
                    context,
                    answer.Accepted ? StatusCodes.Status200OK : StatusCodes.Status409Conflict,
                    answer
                )
        ).ConfigureAwait(false);
    }

    private static Task AnswerAsync(HttpContext context, int status, CommandAnswer answer) =>
        JsonResponse.WriteAsync(context, status, answer, FaceJson.Default.CommandAnswer);

    private static async Task<CommandRequest?> ReadAsync(HttpContext context)
    {
        try
        {
            return await JsonSerializer
                .DeserializeAsync(context.Request.Body, FaceJson.Default.CommandRequest, context.RequestAborted)
                .ConfigureAwait(false);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
