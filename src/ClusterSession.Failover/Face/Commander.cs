using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Operating;

namespace ClusterSession.Failover.Face;

/// <summary>
/// Does an operator's command, or says what it would do: plans it on what the coordination store
/// has at this moment and the agent saw last, and writes the plan's document if nobody else has
/// written meanwhile.
/// </summary>
/// <param name="settings">Which agent of which cluster.</param>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
/// <param name="agent">The agent.</param>
/// <param name="coordinator">The coordination store.</param>
/// <param name="time">The time of day, and the clock of deadlines.</param>
internal sealed class Commander(
    AgentSettings settings,
    FailoverTimings timings,
    FailoverAgent agent,
    IFailoverCoordinator coordinator,
    TimeProvider time
)
{
    private const int Attempts = 5;

    private readonly CommandPlanner _planner = new(timings);

    /// <summary>The command of a request; null, with the reason: there is none such.</summary>
    public (OperatorCommand? Command, string Reason) Read(CommandRequest? request) =>
        (request?.Command, request?.Member) switch
        {
            ("maintenance-on", _) => (new OperatorCommand.MaintenanceOn(), ""),
            ("maintenance-off", _) => (new OperatorCommand.MaintenanceOff(), ""),
            ("failover", _) => (new OperatorCommand.Failover(request?.Discards ?? []), ""),
            ("raise-epoch", _) => (new OperatorCommand.RaiseEpoch(), ""),
            ("adopt", _) => (new OperatorCommand.Adopt(settings.Members), ""),
            ("switch", { } member) => (new OperatorCommand.SwitchTo(member), ""),
            ("forget", { } member) => (new OperatorCommand.Forget(member), ""),
            ("discard", { } member) => (new OperatorCommand.Discard(member), ""),
            ("reinit", { } member) => (new OperatorCommand.Reinit(member), ""),
            ("switch" or "forget" or "discard" or "reinit", null) => (
                null,
                $"The command '{request!.Command}' needs the name of a member."
            ),
            (null, _) => (null, "The request names no command."),
            _ => (null, $"There is no command '{request!.Command}'."),
        };

    /// <summary>
    /// What became of it; null: the coordination store is not responding, and it may have been done
    /// or not.
    /// </summary>
    public async Task<CommandAnswer?> RunAsync(OperatorCommand command, bool isPlan, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (agent.Look is not { View: var view } look || coordinator.Clock.GetElapsedTime(look.At) > timings.Round)
            {
                return Refused(
                    "This agent has not looked at its cluster for too long: it stands still, or was just started.",
                    "Repeat the command, or ask another agent."
                );
            }

            if (isPlan && view.State is null)
            {
                return null; // Another agent may reach it: the caller asks that one, without waiting for this.
            }

            CoordinationState state;
            ClusterDocument document;
            try
            {
                var read = await Answers
                    .WithinAsync(
                        coordinator.ReadAsync(settings.Cluster, cancellation),
                        new ReadResult.Unreachable(),
                        timings.Ttl,
                        time
                    )
                    .ConfigureAwait(false);
                if (read is not ReadResult.Read { State: var known })
                {
                    return null;
                }

                state = known;
                document = state.Version == 0 ? view.Document : ClusterDocument.Read(state.Document.Span);
            }
            catch (InvalidDataException e)
            {
                return Refused(e.Message, "See that all agents run the same release.");
            }

            switch (_planner.Plan(command, document, state, view.Members, time.GetUtcNow()))
            {
                case PlanResult.Refused refused:
                    return Refused(refused.Reason, refused.Remedy);
                case PlanResult.Planned planned:
                    var isDone = isPlan
                        ? true
                        : await TryWriteAsync(state, planned.Document, cancellation).ConfigureAwait(false);
                    if (isDone is false)
                    {
                        break; // Somebody else has written: it is planned anew.
                    }

                    return isDone is null
                        ? null
                        : new CommandAnswer(
                            true,
                            new CommandPlan(
                                [.. planned.Steps.Select(step => step.Sentence)],
                                planned.Warnings,
                                planned.Notes
                            )
                        );
                default:
                    break;
            }
        }

        return Refused("Others write the cluster's document again and again.", "Repeat the command in a moment.");
    }

    private static CommandAnswer Refused(string reason, string remedy) =>
        new(false, Refusal: new CommandRefusal(reason, remedy));

    /// <summary>Writes the document; null: the outcome is unknown.</summary>
    private async Task<bool?> TryWriteAsync(
        CoordinationState state,
        ClusterDocument document,
        CancellationToken cancellation
    )
    {
        var id = OperationId.New();
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var result = await Answers
                .WithinAsync(
                    coordinator.WriteAsync(id, settings.Cluster, state.Version, document.Write(), null, cancellation),
                    new WriteResult.Unknown(),
                    timings.Ttl,
                    time
                )
                .ConfigureAwait(false);
            if (result is not WriteResult.Unknown)
            {
                return result is WriteResult.Written;
            }
        }

        return null;
    }
}
