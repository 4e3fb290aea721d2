using System.Threading.Tasks.Sources;

namespace ClusterSession.Transport.Pipelines;

/// <summary>
/// One request and what becomes of its reply. May be used again once its result has been taken, so
/// it can be pooled.
/// </summary>
/// <remarks>
/// Who calls what: <see cref="WriteTo"/> is called once, under the connection's lock, on the thread
/// that sends: it only copies bytes. Then exactly one of <see cref="TakeReply"/> (on the
/// connection's reader loop) and <see cref="Fail"/> (from anywhere) is called, once. Everything
/// done in <see cref="TakeReply"/> happens in the order in which the server did it, what it sends
/// unasked included: a copy that is installed there cannot miss an invalidation that the server
/// sent after the reply. A copy installed later, by the awaiting caller, can.
/// </remarks>
internal abstract class PipelinedRequest
{
    /// <summary>Writes the request: one, to which one reply comes.</summary>
    /// <remarks>What it throws is its failure; nothing of it is sent.</remarks>
    public abstract void WriteTo(SendBuffer output);

    /// <summary>Takes the reply, whose bytes are valid during the call only.</summary>
    /// <exception cref="ProtocolException">The reply answers another question; the connection will
    /// be closed. The request has failed by then.</exception>
    public abstract void TakeReply(ReadOnlySpan<byte> reply);

    /// <summary>There will be no reply.</summary>
    public abstract void Fail(Exception error);

    /// <summary>
    /// As <see cref="Fail"/>, but an exception of <see cref="Fail"/> itself is kept in the reason's
    /// data and not thrown: requests behind this one are to be failed too.
    /// </summary>
    public void FailWithoutThrowing(Exception reason)
    {
        try
        {
            Fail(reason);
        }
        catch (Exception e)
        {
            reason.Data[nameof(FailWithoutThrowing)] = e;
        }
    }
}

/// <summary>A request with a result that can be awaited once.</summary>
/// <remarks>
/// Anyone who awaits it goes on in a work item of his own, in the pool's common queue: not on the
/// reader loop, where one slow caller would hold up every other one of the connection, and not in
/// the queue of the loop's thread, which is served from its newest end: there the callers that were
/// waiting when a connection was lost, hundreds at once, would lie under whatever comes after them.
/// </remarks>
/// <typeparam name="TResult">What the reply is parsed into.</typeparam>
internal abstract class PipelinedRequest<TResult> : PipelinedRequest, IValueTaskSource<TResult>, IThreadPoolWorkItem
{
    private static readonly Action<object?> GoOnInPool = static request =>
        ThreadPool.UnsafeQueueUserWorkItem((PipelinedRequest<TResult>)request!, preferLocal: false);

    private ManualResetValueTaskSourceCore<TResult> _core;

    // Who awaits the result, until he goes on.
    private Action<object?>? _continuation;
    private object? _state;

    /// <summary>
    /// The result; to be awaited exactly once per sending. After that <see cref="Recycle"/> has
    /// run.
    /// </summary>
    public ValueTask<TResult> Completion => new(this, _core.Version);

    /// <inheritdoc/>
    public sealed override void Fail(Exception error) => OnFailed(error);

    TResult IValueTaskSource<TResult>.GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            _core.Reset();
            Recycle();
        }
    }

    ValueTaskSourceStatus IValueTaskSource<TResult>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<TResult>.OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags
    )
    {
        (_continuation, _state) = (continuation, state);
        _core.OnCompleted(GoOnInPool, this, token, ValueTaskSourceOnCompletedFlags.None);
    }

    void IThreadPoolWorkItem.Execute()
    {
        var (continuation, state) = (_continuation!, _state);
        (_continuation, _state) = (null, null); // Before it goes on: then this may be sent and awaited again.
        continuation(state);
    }

    /// <summary>
    /// There is no result: anyone who awaits it gets the reason (default), or somebody takes over
    /// and completes it later. Must not wait.
    /// </summary>
    protected virtual void OnFailed(Exception reason) => CompleteWith(reason);

    protected void Complete(TResult result) => _core.SetResult(result);

    protected void CompleteWith(Exception reason) => _core.SetException(reason);

    /// <summary>A copy that nobody has sent or awaited.</summary>
    protected PipelinedRequest<TResult> Copy()
    {
        var copy = (PipelinedRequest<TResult>)MemberwiseClone();
        copy._core = default;
        (copy._continuation, copy._state) = (null, null);
        return copy;
    }

    /// <summary>
    /// Called when the result has been taken; a pooled request goes back to its pool here. Default:
    /// nothing.
    /// </summary>
    protected virtual void Recycle() { }
}
