using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Diagnostics;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Topology;
using ClusterSession.Stores;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Requests;

/// <summary>
/// Sends a request to the server of its key, and makes a value of whatever goes wrong.
/// </summary>
/// <remarks>
/// <code>
/// connected? --yes--> sent; its own answer completes it   (no asynchronous layer, nothing
///     | no                | no reply: refused,             allocated besides the request)
///     |                   | connection lost, late
///     v                   v
///   attempts: wait for a connection, send a copy of it, until there is an answer, or RetryPolicy
///   gives up
/// </code>
/// Thread-safe.
/// </remarks>
internal sealed class StoreRequestSender(
    IRedisTopology topology,
    TimeSpan limit,
    TimeProvider time,
    RedisFailureLog failures,
    Action<byte[]> changed
)
{
    private const int LongestRouteOnStack = 256;

    /// <summary>Sends a request that nobody has sent before.</summary>
    public ValueTask<T> SendAsync<T>(StoreRequest<T> request, StoreDeadline deadline)
    {
        var isShort = StartTime(request, deadline);
        if (!TryGetConnection(request, out var connection))
        {
            return AttemptsAsync(request, failure: null, wait: null);
        }

        request.Sender = this;
        request.Connection = connection;
        var completion = request.Completion;
        connection!.Send(request);
        return isShort ? LimitAsync(request, completion, deadline) : completion;
    }

    /// <summary>
    /// Sends a request and, right behind it, the question how many replicas have what it wrote.
    /// </summary>
    public ValueTask<T> SendAsync<T>(StoreRequest<T> request, WaitRequest wait, StoreDeadline deadline)
    {
        var isShort = StartTime(request, deadline);
        var answer = AttemptsAsync(request, failure: null, wait);
        return isShort ? LimitAsync(request, answer, deadline) : answer;
    }

    private async ValueTask<T> LimitAsync<T>(StoreRequest<T> request, ValueTask<T> answer, StoreDeadline deadline)
    {
        var waiting = answer.AsTask();
        try
        {
            return await waiting.WaitAsync(deadline.Left, time).ConfigureAwait(false);
        }
        catch (TimeoutException) when (!waiting.IsFaulted)
        {
            _ = PushOnceAnsweredAsync(request, waiting);
            return request.Unavailable(StoreFailure.Unknown);
        }
    }

    /// <summary>
    /// The caller has given up, so that what was written meanwhile is in no copy of this node: its
    /// echo, which is swallowed behind the answer, is delivered after all.
    /// </summary>
    private async Task PushOnceAnsweredAsync<T>(StoreRequest<T> request, Task waiting)
    {
        await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!request.IsRead)
        {
            var route = new byte[request.RouteLength];
            request.WriteRoute(route);
            changed(route);
        }
    }

    /// <summary>
    /// Starts the time of a request: what the store itself allows, or less if the caller waits
    /// less. True: the caller waits less.
    /// </summary>
    private bool StartTime<T>(StoreRequest<T> request, in StoreDeadline deadline)
    {
        var left = deadline.IsNone ? limit : deadline.Left;
        var isShort = left < limit;
        request.Until = time.GetTimestamp() + (long)((isShort ? left : limit).TotalSeconds * time.TimestampFrequency);
        return isShort;
    }

    /// <summary>
    /// Takes over a request that was not answered. Called on the connection's reader loop, which
    /// must go on.
    /// </summary>
    public void Retry<T>(StoreRequest<T> request, Exception reason) =>
        ThreadPool.UnsafeQueueUserWorkItem(
            static retry => _ = retry.Sender.RetryAsync(retry.Request, retry.Reason),
            (Sender: this, Request: request, Reason: reason),
            preferLocal: false
        );

    private async Task RetryAsync<T>(StoreRequest<T> request, Exception reason)
    {
        T result;
        try
        {
            result = await AttemptsAsync(request.Again(), reason, wait: null).ConfigureAwait(false);
        }
        catch (Exception unforeseen) // Nobody awaits this method: its caller waits for the request.
        {
            request.EndWith(unforeseen);
            return;
        }

        request.End(result);
    }

    private bool TryGetConnection<T>(StoreRequest<T> request, out RedisConnection? connection)
    {
        var length = request.RouteLength;
        Span<byte> route = length <= LongestRouteOnStack ? stackalloc byte[length] : new byte[length];
        request.WriteRoute(route);
        return topology.TryGetConnection(route, out connection);
    }

    /// <param name="request">What is sent.</param>
    /// <param name="failure">How an attempt that was made already, on the request's connection, has
    /// ended.</param>
    /// <param name="wait">Sent right behind it.</param>
    private async ValueTask<T> AttemptsAsync<T>(StoreRequest<T> request, Exception? failure, WaitRequest? wait)
    {
        var route = new byte[request.RouteLength];
        request.WriteRoute(route);
        RedisConnection? askTarget = null;
        for (var attempt = 1; ; attempt++)
        {
            if (failure is null)
            {
                try
                {
                    var connection = askTarget;
                    var hasWaited = attempt > 1;
                    if (connection is null && !topology.TryGetConnection(route, out connection))
                    {
                        hasWaited = true;
                        connection = await topology
                            .GetConnectionAsync(route, CancellationToken.None)
                            .AsTask()
                            .WaitAsync(LeftUntil(request.Until), time)
                            .ConfigureAwait(false);
                    }

                    request.Connection = connection;
                    var isAskRedirect = askTarget is not null;
                    return hasWaited
                        ? await InTimeAsync(request, AttemptAsync(connection, request, wait, isAskRedirect))
                            .ConfigureAwait(false)
                        : await AttemptAsync(connection, request, wait, isAskRedirect).ConfigureAwait(false);
                }
                catch (Exception ended) when (RetryPolicy.Knows(ended))
                {
                    failure = ended;
                }
            }

            var script = request as IScriptRequest;
            var step = RetryPolicy.Next(
                failure,
                new RetryAttempt(
                    attempt,
                    request.IsRead,
                    request.MayBeRepeated,
                    script is { IsSentWhole: false },
                    LeftUntil(request.Until)
                )
            );
            if (step.Kind == RetryKind.SendScript)
            {
                script!.IsSentWhole = true;
                failure = null;
                continue;
            }

            askTarget = null;
            var refusal = failure as RedisServerException;
            if (refusal is not null)
            {
                topology.ReportError(request.Connection!, refusal.Kind, refusal.Text);
            }

            if (step.Kind == RetryKind.GiveUp)
            {
                if (step.Failure == StoreFailure.Damaged)
                {
                    return request.Damaged(RetryPolicy.DamageOf(failure));
                }

                if (refusal is not null)
                {
                    failures.Write(refusal);
                }

                return request.Unavailable(step.Failure);
            }

            if (step.Kind == RetryKind.Redirect)
            {
                askTarget = await RedirectAsync(request.Connection!, refusal!.Text, request.Until)
                    .ConfigureAwait(false);
            }
            else if (step.Pause > TimeSpan.Zero)
            {
                await Task.Delay(step.Pause, time).ConfigureAwait(false);
            }

            failure = null;
        }
    }

    /// <summary>
    /// Waits for an answer until the time of the whole operation is over. The connection counts
    /// only from the sending of a command. What was waited before that belongs to the same
    /// operation.
    /// </summary>
    private async ValueTask<T> InTimeAsync<T>(StoreRequest<T> request, ValueTask<T> answer)
    {
        var waiting = answer.AsTask();
        try
        {
            return await waiting.WaitAsync(LeftUntil(request.Until), time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _ = PushOnceAnsweredAsync(request, waiting);
            throw new RequestTimeoutException(
                $"Redis did not answer within {limit.TotalMilliseconds:0} ms (CommandTimeout) over all attempts; "
                    + "whether the command was executed is unknown."
            );
        }
    }

    private TimeSpan LeftUntil(long until) =>
        time.GetElapsedTime(time.GetTimestamp(), until) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    private async ValueTask<RedisConnection?> RedirectAsync(RedisConnection connection, string text, long until)
    {
        try
        {
            return await topology
                .GetRedirectAsync(connection, text, CancellationToken.None)
                .AsTask()
                .WaitAsync(LeftUntil(until), time)
                .ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is ConnectException or TimeoutException)
        {
            // The owner is asked again; it may have given up the move.
            return null;
        }
    }

    private static async ValueTask<T> AttemptAsync<T>(
        RedisConnection connection,
        StoreRequest<T> request,
        WaitRequest? wait,
        bool isAskRedirect
    )
    {
        var answer = request.Completion;
        if (isAskRedirect)
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
        if (isAskRedirect)
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
