using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ClusterSession.Failover.Face;

namespace ClusterSession.Failover.Following;

/// <summary>One agent, over HTTP. It is asked to read only.</summary>
/// <param name="client">Has a timeout.</param>
/// <param name="agent">Address of the agent.</param>
internal sealed class HttpAgentStatusReader(HttpClient client, Uri agent) : IAgentStatusReader
{
    private readonly Uri _address = new(agent, "/cluster");

    /// <inheritdoc/>
    public async ValueTask<ClusterStatus?> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            using var response = await client.GetAsync(_address, cancellation).ConfigureAwait(false);

            // Without a master an agent says so by its status, and has an answer all the same.
            return response.StatusCode is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable
                ? await response
                    .Content.ReadFromJsonAsync(FaceJson.Default.ClusterStatus, cancellation)
                    .ConfigureAwait(false)
                : throw new IOException($"The agent at {agent} answered {(int)response.StatusCode}.");
        }
        catch (Exception e)
            when (e is HttpRequestException or JsonException or NotSupportedException
                || (e is OperationCanceledException && !cancellation.IsCancellationRequested)
            )
        {
            throw new IOException($"The agent at {agent} is not responding: {e.Message}", e);
        }
    }
}
