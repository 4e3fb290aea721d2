using System.Net;

namespace ClusterSession.Failover.Raft;

/// <summary>
/// Adds the secret to every request to another server. Holds back the vote requests of a server
/// without data (<see cref="VoteGate"/>).
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
