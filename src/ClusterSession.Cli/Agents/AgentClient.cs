using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Raft;

namespace ClusterSession.Cli.Agents;

/// <summary>Asks agents. What is not there in time is not responding.</summary>
internal sealed class AgentClient : IDisposable
{
    private const int LargestAnswer = 4 * 1024 * 1024;

    private readonly HttpClient _http;
    private readonly TimeSpan _deadline;
    private readonly TimeProvider _time;

    public AgentClient(TimeSpan deadline, TimeProvider time)
    {
        _deadline = deadline;
        _time = time;
        _http = new HttpClient(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false, // Would carry the secret elsewhere.
                UseProxy = false,
                ConnectTimeout = deadline,
            }
        )
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LargestAnswer,
        };
    }

    /// <summary>GET /cluster.</summary>
    public async Task<AgentView> StatusAsync(Uri agent, CancellationToken cancellationToken)
    {
        var answer = await GetAsync(agent, "cluster", FaceJson.Default.ClusterStatus, cancellationToken)
            .ConfigureAwait(false);
        return new AgentView(agent, answer.Value, answer.Problem);
    }

    /// <summary>GET of anything that is answered with 200, or with 503 and the same JSON.</summary>
    public Task<AgentAnswer<T>> GetAsync<T>(
        Uri agent,
        string path,
        JsonTypeInfo<T> type,
        CancellationToken cancellationToken
    )
        where T : class => SendAsync(new HttpRequestMessage(HttpMethod.Get, At(agent, path)), type, cancellationToken);

    /// <summary>POST /cluster/commands.</summary>
    public Task<AgentAnswer<CommandAnswer>> CommandAsync(
        Uri agent,
        string secret,
        CommandRequest command,
        CancellationToken cancellationToken
    )
    {
        var request = new HttpRequestMessage(HttpMethod.Post, At(agent, "cluster/commands"))
        {
            Content = JsonContent.Create(command, FaceJson.Default.CommandRequest),
        };
        request.Headers.TryAddWithoutValidation(RaftHandler.SecretHeader, secret);
        return SendAsync(request, FaceJson.Default.CommandAnswer, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private async Task<AgentAnswer<T>> SendAsync<T>(
        HttpRequestMessage request,
        JsonTypeInfo<T> type,
        CancellationToken cancellationToken
    )
        where T : class
    {
        using var _ = request;
        using var late = new CancellationTokenSource(_deadline, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        var isSent = false;
        HttpStatusCode? code = null;
        try
        {
            using var response = await _http.SendAsync(request, either.Token).ConfigureAwait(false);
            code = response.StatusCode;
            isSent = true;
            var value =
                response.Content.Headers.ContentType?.MediaType == "application/json"
                    ? await response.Content.ReadFromJsonAsync(type, either.Token).ConfigureAwait(false)
                    : null;
            return new AgentAnswer<T>(value, code, value is null ? Unexpected(response.StatusCode) : null, true);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new AgentAnswer<T>(
                null,
                code,
                $"did not respond within {Verdicts.Words.Duration(_deadline)}",
                IsSent: true
            );
        }
        catch (HttpRequestException exception)
        {
            var (problem, isSurelyNotSent) = Describe(exception);
            return new AgentAnswer<T>(null, code, problem, isSent || !isSurelyNotSent);
        }
        catch (JsonException)
        {
            return new AgentAnswer<T>(
                null,
                code,
                "answered what this version does not understand: update the tool or the agent",
                true
            );
        }
    }

    private static (string Problem, bool IsSurelyNotSent) Describe(HttpRequestException exception) =>
        exception.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => ("has a host name that is not known here", true),
            HttpRequestError.SecureConnectionError => (
                "offers no TLS, or a certificate that is not trusted here",
                true
            ),
            HttpRequestError.ConnectionError => ("is not responding", true),
            _ => ("closed the connection without an answer", false),
        };

    private static string Unexpected(HttpStatusCode code) =>
        $"answered with {(int)code} and nothing that an agent says: the voter or another service may be there";

    private static Uri At(Uri agent, string path) => new(agent.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/" + path);
}
