using System.Net;
using System.Text.Json.Serialization.Metadata;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Agents;

/// <summary>The agents whose addresses are known: any of them speaks for the cluster.</summary>
internal sealed class AgentGroup(AgentClient client, IReadOnlyList<Uri> agents)
{
    /// <summary>
    /// Asks all at once, so that one that is silent holds up nobody for longer than the deadline.
    /// </summary>
    public async Task<IReadOnlyList<AgentView>> LookAsync(CancellationToken cancellationToken)
    {
        var views = await Task.WhenAll(agents.Select(agent => client.StatusAsync(agent, cancellationToken)))
            .ConfigureAwait(false);
        var clusters = views.Where(view => view.Status is not null).Select(view => view.Status!.Cluster).Distinct();
        return clusters.Count() <= 1
            ? views
            : throw new ToolException(
                ExitCode.Usage,
                $"The agents belong to different clusters: {Words.List(clusters)}.",
                "Name agents of one cluster only (--agent, CLUSTERSESSION_AGENTS)."
            );
    }

    /// <summary>
    /// The status of the agent that knows most; null: none answered. One that looked just now comes
    /// first, then one that reaches the coordination store, then the one that holds the lease.
    /// </summary>
    public static ClusterStatus? Best(IEnumerable<AgentView> views) =>
        views
            .Select(view => view.Status)
            .OfType<ClusterStatus>()
            .OrderBy(status => new ClusterFacts(status).IsStandingStill)
            .ThenByDescending(status => status.Store.IsReachable)
            .ThenByDescending(status => status.Lease.IsHeld && status.Lease.Holder == status.Self)
            .FirstOrDefault();

    /// <summary>Asks one after the other until one answers.</summary>
    /// <exception cref="ToolException">None did.</exception>
    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        var problems = new List<string>();
        foreach (var agent in agents)
        {
            var answer = await client.GetAsync(agent, path, type, cancellationToken).ConfigureAwait(false);
            if (answer.Value is { } value)
            {
                return value;
            }

            problems.Add($"{new AgentView(agent, null, null).Name} {answer.Problem}.");
        }

        throw Nobody(problems);
    }

    /// <summary>
    /// Gives a command to the first agent that can be reached. It goes to the next only where the
    /// one before cannot have received it, since a command done twice is another command; a plan
    /// does nothing and always goes on.
    /// </summary>
    /// <exception cref="ToolException">None took it, or what became of it is unknown.</exception>
    public async Task<CommandAnswer> CommandAsync(
        string secret,
        CommandRequest command,
        CancellationToken cancellationToken
    )
    {
        var problems = new List<string>();
        var isAnswered = false;
        foreach (var agent in agents)
        {
            var name = new AgentView(agent, null, null).Name;
            var answer = await client.CommandAsync(agent, secret, command, cancellationToken).ConfigureAwait(false);
            if (answer.Code is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized)
            {
                throw new ToolException(
                    ExitCode.Refused,
                    $"The agent at {name} does not accept the secret.",
                    "Give the cluster's secret (ClusterSession:Failover:Secret of its agents) by --secret-file or "
                        + "CLUSTERSESSION_SECRET."
                );
            }

            if (
                answer is
                { Value: { } value, Code: HttpStatusCode.OK or HttpStatusCode.Conflict or HttpStatusCode.BadRequest }
            )
            {
                return value;
            }

            isAnswered |= answer.Code == HttpStatusCode.ServiceUnavailable;
            var problem =
                answer.Code == HttpStatusCode.ServiceUnavailable
                    ? "does not reach the coordination store"
                    : answer.Problem ?? $"answered with {(int?)answer.Code}";
            if (answer.IsSent && !command.Plan)
            {
                throw new ToolException(
                    ExitCode.Failed,
                    $"The agent at {name} {problem}: it is not known whether the command was accepted.",
                    $"Look at the cluster before you give it again: {Words.Command} status"
                );
            }

            problems.Add($"{name} {problem}.");
        }

        throw isAnswered
            ? new ToolException(
                ExitCode.Refused,
                $"The coordination store is not responding. {string.Join(" ", problems)}",
                $"Without it nothing is decided. Who its members are, and what to do: {Words.Command} status"
            )
            : Nobody(problems);
    }

    private static ToolException Nobody(IEnumerable<string> problems) =>
        new(
            ExitCode.NoAgent,
            $"No agent is responding. {string.Join(" ", problems)}",
            "See that the agents run, and that their addresses are those given by --agent, CLUSTERSESSION_AGENTS or "
                + "--config."
        );
}
