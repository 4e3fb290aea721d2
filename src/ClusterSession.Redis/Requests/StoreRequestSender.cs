using System.Runtime.ExceptionServices;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Diagnostics;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Topology;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Requests;

/// <summary>
/// Sends a request to whoever serves its key, and makes a value of whatever goes wrong.
/// </summary>
/// <remarks>
/// <code>
/// connected? --yes--> sent; its own answer completes it           (no asynchronous layer, nothing allocated besides the request)
///     | no                | no answer: refused, connection lost, late
///     v                   v
///   repeat: wait for a connection, send a copy of it, until there is an answer, or no further attempt may do better, or the time is over
/// </code>
/// A script the server does not know (NOSCRIPT: restart, failover, SCRIPT FLUSH) is sent whole once. What was certainly not executed
/// because the server was demoted, or the key has moved to another node of a cluster, is sent once more to the right one. Thread-safe.
/// </remarks>
internal sealed class StoreRequestSender(IRedisTopology topology, TimeSpan deadline, TimeProvider time, FailureLog failures)
{
    private const int MostAttempts = 5;
    private const int LongestRouteOnStack = 256;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Sends a request that nobody has sent before.</summary>
    public ValueTask<T> SendAsync<T>(StoreRequest<T> request, CancellationToken cancellationToken)
    {
        request.Begun = time.GetTimestamp();
        if (cancellationToken.CanBeCanceled || !TryGetConnection(request, out var connection))
        {
            return RepeatAsync(request, failure: null, wait: null, cancellationToken);
        }

        request.Rescuer = this;
        request.Connection = connection;
        var completion = request.Completion;
        connection!.Send(request);
        return completion;
    }

    /// <summary>Sends a request and, right behind it, the question how many replicas have what it wrote.</summary>
    public ValueTask<T> SendAsync<T>(StoreRequest<T> request, WaitRequest wait, CancellationToken cancellationToken)
    {
        request.Begun = time.GetTimestamp();
        return RepeatAsync(request, failure: null, wait, cancellationToken);
    }

    /// <summary>Takes over a request that got no answer. Called on the connection's reader loop, which must go on.</summary>
    public void Rescue<T>(StoreRequest<T> request, Exception reason) => ThreadPool.UnsafeQueueUserWorkItem(
        static rescue => _ = rescue.Sender.RescueAsync(rescue.Request, rescue.Reason), (Sender: this, Request: request, Reason: reason), preferLocal: false);

    private async Task RescueAsync<T>(StoreRequest<T> request, Exception reason)
    {
        T result;
        try
        {
            result = await RepeatAsync(request.Again(), reason, wait: null, CancellationToken.None).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // nobody awaits this method: its caller waits for the request
        catch (Exception unforeseen)
#pragma warning restore CA1031
        {
            request.NotRescued(unforeseen);
            return;
        }

        request.Rescued(result);
    }

    private bool TryGetConnection<T>(StoreRequest<T> request, out RedisConnection? connection)
    {
        var length = request.RouteLength;
        Span<byte> route = length <= LongestRouteOnStack ? stackalloc byte[length] : new byte[length];
        request.WriteRoute(route);
        return topology.TryGetConnection(route, out connection);
    }

    /// <param name="request">What is sent.</param>
    /// <param name="failure">How an attempt that was made already, on the request's connection, has ended.</param>
    /// <param name="wait">Sent right behind it.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    private async ValueTask<T> RepeatAsync<T>(StoreRequest<T> request, Exception? failure, WaitRequest? wait, CancellationToken cancellationToken)
    {
        var route = new byte[request.RouteLength];
        request.WriteRoute(route);
        RedisConnection? asked = null;
        for (var attempt = 1; ; attempt++)
        {
            var connection = asked;
            var isLate = attempt > 1;
            try
            {
                if (failure is not null)
                {
                    connection = request.Connection;
                    ExceptionDispatchInfo.Throw(failure);
                }

                if (connection is null && !topology.TryGetConnection(route, out connection))
                {
                    isLate = true;
                    connection = await topology.GetConnectionAsync(route, cancellationToken).AsTask()
                        .WaitAsync(LeftSince(request.Begun), time, cancellationToken).ConfigureAwait(false);
                }

                request.Connection = connection;
                var answer = AttemptAsync(connection, request, wait, isAsked: asked is not null);
                return await (isLate ? InTimeAsync(answer, request.Begun) : answer).ConfigureAwait(false);
            }
            catch (RedisServerException refusal) when (refusal.Kind == RedisErrorKind.NoScript && request is IScriptRequest { IsSentWhole: false } script)
            {
                script.IsSentWhole = true;
            }
            catch (RedisServerException refusal)
            {
                topology.ReportError(connection!, refusal.Kind, refusal.Text);
                asked = null;
                if (!await MayRepeatAsync(refusal.Kind, attempt, request.Begun, cancellationToken).ConfigureAwait(false))
                {
                    failures.Write(refusal);
                    return request.Unavailable(request.IsRead || refusal.Kind.MeansNotExecuted() ? StoreFailure.Refused : StoreFailure.Unknown);
                }

                if (refusal.Kind == RedisErrorKind.Ask)
                {
                    asked = await RedirectAsync(connection!, refusal.Text, request.Begun, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (RedisUnreadableReplyException)
            {
                return request.Unavailable(request.IsRead ? StoreFailure.Damaged : StoreFailure.Unknown);
            }
            catch (RespProtocolException)
            {
                return request.Unavailable(StoreFailure.Unknown); // The server answered something else; the connection is closed.
            }
            catch (RedisConnectionException broken) when (broken.Sent && (!request.MayBeRepeated || broken is RedisTimeoutException))
            {
                return request.Unavailable(StoreFailure.Unknown);
            }
            catch (RedisConnectionException) when (attempt < MostAttempts && time.GetElapsedTime(request.Begun) < deadline)
            {
                // Not a byte of it left: the connection was lost between being handed out and being used. Or it may be executed twice. Its successor may answer.
                asked = null;
            }
            catch (Exception lost) when (lost is RedisConnectionException or TimeoutException)
            {
                return request.Unavailable(StoreFailure.Unreachable);
            }

            failure = null;
        }
    }

    /// <summary>Whether another attempt may do better, after the pause that it takes.</summary>
    private async ValueTask<bool> MayRepeatAsync(RedisErrorKind kind, int attempt, long begun, CancellationToken cancellationToken)
    {
        switch (kind)
        {
            case RedisErrorKind.ReadOnly or RedisErrorKind.Moved or RedisErrorKind.Ask when attempt < MostAttempts:
                return true;
            // A slot that is being moved, or that has no master while its replica is elected. Both pass.
            case RedisErrorKind.TryAgain or RedisErrorKind.ClusterDown:
                var pause = TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(attempt - 1, 10)));
                if (time.GetElapsedTime(begun) + pause > deadline)
                {
                    return false;
                }

                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
                return true;
            default:
                return false;
        }
    }

    /// <summary>The connection counts a command's time from its sending; what was waited before it belongs to the same operation.</summary>
    private async ValueTask<T> InTimeAsync<T>(ValueTask<T> answer, long begun)
    {
        try
        {
            return await answer.AsTask().WaitAsync(LeftSince(begun), time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new RedisTimeoutException($"There was no answer within {deadline.TotalMilliseconds:0} ms (CommandTimeout) over all attempts; whether the command was executed is unknown.");
        }
    }

    private TimeSpan LeftSince(long begun) => deadline - time.GetElapsedTime(begun) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    private async ValueTask<RedisConnection?> RedirectAsync(RedisConnection connection, string text, long begun, CancellationToken cancellationToken)
    {
        try
        {
            return await topology.GetRedirectAsync(connection, text, cancellationToken).AsTask()
                .WaitAsync(LeftSince(begun), time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is RedisConnectException or TimeoutException)
        {
            // The owner is asked again; it may have given up the move.
            return null;
        }
    }

    private static async ValueTask<T> AttemptAsync<T>(RedisConnection connection, StoreRequest<T> request, WaitRequest? wait, bool isAsked)
    {
        var answer = request.Completion;
        if (isAsked)
        {
            connection.Send(new AskingRequest(), request);
        }
        else if (wait is null)
        {
            connection.Send(request);
        }

        if (wait is null)
        {
            return await answer.ConfigureAwait(false);
        }

        var confirmation = wait.Completion;
        if (isAsked)
        {
            connection.Send(wait);
        }
        else
        {
            connection.Send(request, wait);
        }

        try
        {
            return await answer.ConfigureAwait(false);
        }
        finally
        {
            await wait.TakeAsync(confirmation).ConfigureAwait(false);
        }
    }
}
