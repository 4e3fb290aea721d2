using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ClusterSession.Failover.Diagnostics;
using ClusterSession.Failover.Raft;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Hosting;

/// <summary>
/// Requests that are not for everybody need the secret and, where one is asked for, an accepted
/// client certificate.
/// </summary>
/// <param name="secret">The secret of the members.</param>
/// <param name="accept">Which client certificates are accepted; null: none is asked for.</param>
/// <param name="logger">Gets the refusals.</param>
internal sealed class Admission(string secret, Func<X509Certificate2?, bool>? accept, ILogger logger)
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private readonly byte[] _secret = SHA256.HashData(Encoding.UTF8.GetBytes(secret));
    private long _refusedAt;

    /// <summary>Whether it may; else the response is a 403.</summary>
    public bool Admits(HttpContext context)
    {
        var given = context.Request.Headers[RaftHandler.SecretHeader].ToString();
        if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given)), _secret))
        {
            Refuse(
                context,
                StatusCodes.Status403Forbidden,
                "It has another secret, or none. Give all members the same."
            );
            return false;
        }

        if (accept is not null && !accept(context.Connection.ClientCertificate))
        {
            Refuse(context, StatusCodes.Status403Forbidden, "Its client certificate is not accepted.");
            return false;
        }

        return true;
    }

    /// <summary>
    /// Logged once in ten seconds: a member with a wrong secret asks several times a second.
    /// </summary>
    public void Refuse(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        var last = Interlocked.Read(ref _refusedAt);
        if (
            (last == 0 || TimeProvider.System.GetElapsedTime(last) >= LogInterval)
            && Interlocked.CompareExchange(ref _refusedAt, TimeProvider.System.GetTimestamp(), last) == last
        )
        {
            logger.RequestRefused($"{context.Connection.RemoteIpAddress}", reason);
        }
    }
}
