using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ClusterSession.Failover.Leases;

namespace ClusterSession.Failover.Raft;

/// <summary>Sends operations to the leader, and asks servers for their status.</summary>
internal sealed class PeerClient(IHttpMessageHandlerFactory handlers, RaftCoordinatorOptions options) : IDisposable
{
    public const string Path = "/cluster-session/coordination";
    public const string HopHeader = "X-ClusterSession-Hop";

    private readonly HttpClient _client = new(handlers.CreateHandler("coordination"))
    {
        // A leader that hangs is given up while there is time to ask the next.
        Timeout = options.OperationTimeout / 4,
    };

    /// <summary>The answer of that server; unknown where none came.</summary>
    /// <param name="server">Which.</param>
    /// <param name="operation">What it is to do.</param>
    /// <param name="isForwarded">Whether it is to do it itself, and not to forward it.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task<Answer> SendAsync(
        Uri server,
        Operation operation,
        bool isForwarded,
        CancellationToken cancellation
    )
    {
        try
        {
            using var content = new ReadOnlyMemoryContent(operation.Encode());
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, Path)) { Content = content };
            if (isForwarded)
            {
                request.Headers.Add(HopHeader, "1");
            }

            using var response = await _client.SendAsync(request, cancellation).ConfigureAwait(false);
            return response.StatusCode == HttpStatusCode.OK
                ? Answer.Decode(await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false))
                : Answer.Unknown;
        }
        catch (Exception failure) when (IsUsual(failure) && !cancellation.IsCancellationRequested)
        {
            return Answer.Unknown;
        }
    }

    /// <summary>Null: it is not responding.</summary>
    public async Task<RaftStatus?> StatusAsync(Uri server, CancellationToken cancellation)
    {
        try
        {
            return await _client
                .GetFromJsonAsync(new Uri(server, Path), RaftStatusJson.Default.RaftStatus, cancellation)
                .ConfigureAwait(false);
        }
        catch (Exception failure) when (IsUsual(failure) && !cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static bool IsUsual(Exception failure) =>
        failure
            is HttpRequestException
                or OperationCanceledException
                or IOException
                or InvalidDataException
                or JsonException
                or NotSupportedException;
}
