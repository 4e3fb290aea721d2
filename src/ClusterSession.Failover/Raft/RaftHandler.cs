using System.Net;

namespace ClusterSession.Failover.Raft;

/// <summary>
/// What every request to another server has: the secret, and no candidacy of a server without data.
/// </summary>
internal sealed class RaftHandler(string secret, VoteGate gate, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    public const string SecretHeader = "X-ClusterSession-Secret";

    protected override Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request,
        CancellationToken cancellationToken
    )
    {
        if (!gate.Admits(request))
        {
            return Task.FromResult(
                new HttpResponseMessage(HttpStatusCode.ServiceUnavailable) { RequestMessage = request }
            );
        }

        request.Headers.TryAddWithoutValidation(SecretHeader, secret);
        return base.SendAsync(request, cancellationToken);
    }
}
