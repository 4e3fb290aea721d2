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

    // By itself: one address may stand for both, the directory and the master that is not known
    // yet.
    private readonly FailureLog<RedisErrorKind> _directories = new(time);
    private int _isDirectoryLost;

    /// <summary>An attempt to connect has failed.</summary>
    public void Write(RedisEndpoint endpoint, ConnectException failure)
    {
        if (failure.Failure != RedisConnectFailure.Cluster && _failures.IsDue(endpoint.Address, failure.Failure))
        {
            logger.ConnectFailed(endpoint, LogSentence.Of(endpoint.Address, failure));
        }
    }

    /// <summary>The directory in which the master is published cannot be read.</summary>
    public void WriteLost(RedisEndpoint directory, ConnectException failure)
    {
        if (_directories.IsDue(directory.Address, failure.Failure))
        {
            Volatile.Write(ref _isDirectoryLost, 1);
            logger.DirectoryLost(LogSentence.Of(directory.Address, failure));
        }
    }

    /// <summary>
    /// The directory can be read again. That is logged once. The interval of
    /// <see cref="WriteLost"/> goes on, so that a directory that comes and goes does not fill the
    /// log.
    /// </summary>
    public void WriteFound()
    {
        if (Interlocked.Exchange(ref _isDirectoryLost, 0) == 1)
        {
            logger.DirectoryFound();
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
