using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Peers;

/// <summary>
/// The agent of another member, over HTTP. The address contains the names of cluster and member. An
/// agent answers only under its own names: one of another cluster at that address promises nothing.
/// </summary>
/// <param name="client">Has the secret, and a timeout.</param>
/// <param name="agent">Address of the agent.</param>
/// <param name="cluster">Name of the cluster.</param>
/// <param name="member">Name of the member.</param>
internal sealed class PeerAgent(HttpClient client, Uri agent, string cluster, string member) : IAgentPeer
{
    private readonly Uri _address = new(agent, PathOf(cluster, member));

    public static string PathOf(string cluster, string member) => $"/cluster-session/agents/{cluster}/{member}";

    /// <inheritdoc/>
    public async ValueTask<AgentSight> HearAsync(CancellationToken cancellation)
    {
        var answer = await AskAsync(() => new HttpRequestMessage(HttpMethod.Get, _address), cancellation)
            .ConfigureAwait(false);
        return new AgentSight(answer.Yes, answer.Merge);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> PromiseAsync(
        long epoch,
        long adoptions,
        TimeSpan duration,
        CancellationToken cancellation
    ) =>
        (
            await AskAsync(
                    () =>
                        new HttpRequestMessage(HttpMethod.Post, _address)
                        {
                            Content = JsonContent.Create(
                                new PromiseRequest(epoch, adoptions, (long)duration.TotalMilliseconds),
                                PeerJson.Default.PromiseRequest
                            ),
                        },
                    cancellation
                )
                .ConfigureAwait(false)
        ).Yes;

    private async Task<PeerAnswer> AskAsync(Func<HttpRequestMessage> question, CancellationToken cancellation)
    {
        try
        {
            using var request = question();
            using var response = await client.SendAsync(request, cancellation).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw new IOException($"The agent of {member} answered {(int)response.StatusCode}.");
            }

            return await response
                .Content.ReadFromJsonAsync(PeerJson.Default.PeerAnswer, cancellation)
                .ConfigureAwait(false)
                ?? new PeerAnswer(false);
        }
        catch (Exception e)
            when (e is HttpRequestException or JsonException or NotSupportedException
                || (e is OperationCanceledException && !cancellation.IsCancellationRequested)
            )
        {
            throw new IOException($"The agent of {member} is not responding: {e.Message}", e);
        }
    }
}
