using System.Net.Sockets;
using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Failover.Control;

/// <summary>Looks at one Redis over one connection, which is kept. Thread-safe.</summary>
/// <remarks>
/// Each look asks anew: an answer to an earlier question may be older than what the agent has read
/// since. All or nothing: a Redis that loads its data (LOADING), runs a long script (BUSY), or
/// hides its data (MASTERDOWN) is unreachable. Its run id alone would lead to no decision that the
/// end of its process does not lead to as well. Half a sight would say "no epoch" or "closed" of a
/// Redis that has an epoch, or is open.
/// </remarks>
internal sealed class RedisProbe(AdminLink link, ControlSettings settings) : IRedisProbe
{
    private readonly SightReader _reader = new(new RedisKeys(settings.KeyPrefix), settings.ApplicationUser);
    private volatile string? _trouble;

    /// <summary>
    /// Why the last look has seen nothing; null: it has seen the Redis, or there was no look yet.
    /// </summary>
    public string? Trouble => _trouble;

    /// <inheritdoc/>
    public async ValueTask<RedisSight> LookAsync(CancellationToken cancellation)
    {
        try
        {
            var sight = await AskAsync(cancellation).ConfigureAwait(false);
            _trouble = null;
            return sight;
        }
        catch (Exception e)
            when (e
                    is ConnectionException
                        or RedisServerException
                        or RespProtocolException
                        or RedisUnreadableReplyException
                        or FormatException
            )
        {
            _trouble = e.Message;
            return IsRefused(e) ? RedisSight.Refused : RedisSight.Unreachable;
        }
    }

    private async Task<RedisSight> AskAsync(CancellationToken cancellation)
    {
        var connection = await link.GetAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await AskAsync(connection, cancellation).ConfigureAwait(false);
        }
        catch (ConnectionException) when (connection.IsClosed)
        {
            // Whether its process ended, only a new connection says.
            connection = await link.GetAsync(cancellation).ConfigureAwait(false);
            return await AskAsync(connection, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<RedisSight> AskAsync(RedisConnection connection, CancellationToken cancellation)
    {
        var answers = await Task.WhenAll(
                _reader.Questions().Select(question => connection.SendAsync(question).AsTask())
            )
            .WaitAsync(cancellation)
            .ConfigureAwait(false);
        return _reader.Read(connection.Server.RunId, answers);
    }

    private static bool IsRefused(Exception failure) =>
        failure is ConnectException refused
        && refused.Failure == ConnectFailure.Unreachable
        && failure.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused };
}
