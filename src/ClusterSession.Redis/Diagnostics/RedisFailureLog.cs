using System.Globalization;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Diagnostics;
using ClusterSession.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Redis.Diagnostics;

/// <summary>
/// Logs what an outage causes again and again, no oftener than <see cref="FailureLog{TRefusal}"/>
/// allows. Thread-safe.
/// </summary>
internal sealed class RedisFailureLog(ILogger logger, TimeProvider time)
{
    private readonly FailureLog<RedisErrorKind> _failures = new(time);

    /// <summary>An attempt to connect has failed.</summary>
    public void Write(RedisEndpoint endpoint, ConnectException failure)
    {
        if (failure.Failure != RedisConnectFailure.Cluster && _failures.IsDue(endpoint.Address, failure.Failure))
        {
            logger.ConnectFailed(endpoint, LogSentence.Of(endpoint.Address, failure));
        }
    }

    /// <summary>A command was refused for good.</summary>
    public void Write(RedisServerException refusal)
    {
        var count = _failures.CountDue(refusal.Kind);
        if (count > 0)
        {
            logger.Refused(
                refusal.Kind,
                LogSentence.Of(refusal.Text),
                count == 1
                    ? ""
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $" Happened {count} times since the last message of this kind."
                    )
            );
        }
    }

    /// <summary>It is connected: the next failure is written at once.</summary>
    public void Forget(RedisEndpoint endpoint) => _failures.Forget(endpoint.Address);
}
