using System.Threading.Tasks.Sources;
using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Connection;

/// <summary>
/// One command and what becomes of its reply. May be used again once its result has been taken, so
/// it can be pooled.
/// </summary>
/// <remarks>
/// Who calls what: <see cref="WriteTo"/> is called once, under the connection's lock, on the thread
/// that sends: it only copies bytes. Then exactly one of <see cref="ParseReply"/> (on the
/// connection's reader loop) and <see cref="Fail"/> (from anywhere) is called, once. Everything
/// done in <see cref="ParseReply"/> happens in the order in which the server did it, pushes
/// included: a copy that is installed there cannot miss an invalidation that the server sent after
/// the reply. A copy installed later, by the awaiting caller, can.
/// </remarks>
internal abstract class RedisRequest
{
    /// <summary>
    /// Whether the server answers with a push instead of a reply, as SUBSCRIBE does in RESP3. Such
    /// a request asks for one channel only.
    /// </summary>
    public virtual bool IsAnsweredByPush => false;

    /// <summary>Whether it changes nothing.</summary>
    public virtual bool IsRead => false;

    /// <summary>
    /// Whether it may be sent again where it is not known what became of it: executed twice, it
    /// does what it does executed once.
    /// </summary>
    public virtual bool MayBeRepeated => IsRead;

    /// <summary>
    /// Whether it names a key, so that only the server which serves that key answers without an
    /// error.
    /// </summary>
    public virtual bool IsKeyed => false;

    /// <summary>
    /// Whether a reply proves that the server holds the lease of an agent; only asked where the
    /// connection has a gate.
    /// </summary>
    public virtual bool ProvesLease(ReadOnlySpan<byte> reply) => false;

    /// <summary>
    /// Whether an invalidation of the key that comes right behind the answer is that of this
    /// request's own write, which it has been answered to have made. Asked on the reader loop.
    /// </summary>
    public virtual bool HasEchoOf(ReadOnlySpan<byte> key) => false;

    /// <summary>Writes the command: exactly one.</summary>
    public abstract void WriteTo(ref RespWriter writer);

    /// <summary>
    /// Takes the reply; the reader stands before its first value and is valid during the call only.
    /// </summary>
    /// <exception cref="RespProtocolException">The reply answers another question; the connection
    /// will be closed. The request has failed by then.</exception>
    public abstract void ParseReply(ref RespReader reader);

    /// <summary>There will be no reply.</summary>
    public abstract void Fail(Exception error);
}

/// <summary>A command with a result that can be awaited once.</summary>
/// <remarks>
/// Anyone who awaits it goes on in a work item of his own, in the pool's common queue: not on the
/// reader loop, where one slow caller would hold up every other one of the connection, and not in
/// the queue of the loop's thread, which is served from its newest end: there the callers that were
/// waiting when a connection was lost, hundreds at once, would lie under whatever comes after them.
/// </remarks>
/// <typeparam name="TResult">What the reply is parsed into.</typeparam>
internal abstract class RedisRequest<TResult> : RedisRequest, IValueTaskSource<TResult>, IThreadPoolWorkItem
{
    private static readonly Action<object?> GoOnInPool = static request =>
        ThreadPool.UnsafeQueueUserWorkItem((RedisRequest<TResult>)request!, preferLocal: false);

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
    public sealed override void ParseReply(ref RespReader reader)
    {
        TResult result;
        try
        {
            reader.Read();
            result = reader.IsError ? ParseError(RedisError.Classify(reader.Bytes), reader.Bytes) : Parse(ref reader);
        }
        catch (Exception e)
            when (e
                    is OverflowException
                        or InvalidOperationException
                        or ArgumentException
                        or FormatException
                        or IndexOutOfRangeException
            )
        {
            OnFailed(new RedisUnreadableReplyException(e)); // Anybody can have written what was read.
            return;
        }
        catch (Exception e)
        {
            OnFailed(e);
            if (e is RespProtocolException)
            {
                throw;
            }

            return;
        }

        _core.SetResult(result);
    }

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
    /// Makes the result of a reply that is no error; the reader stands on its first value.
    /// </summary>
    protected abstract TResult Parse(ref RespReader reader);

    /// <summary>Makes the result of an error reply, or throws it (default).</summary>
    protected virtual TResult ParseError(RedisErrorKind kind, ReadOnlySpan<byte> text) =>
        throw new RedisServerException(kind, RedisError.Describe(text));

    /// <summary>
    /// There is no result: anyone who awaits it gets the reason (default), or somebody takes over
    /// and completes it later. Must not wait.
    /// </summary>
    protected virtual void OnFailed(Exception reason) => CompleteWith(reason);

    protected void Complete(TResult result) => _core.SetResult(result);

    protected void CompleteWith(Exception reason) => _core.SetException(reason);

    /// <summary>A copy that nobody has sent or awaited.</summary>
    protected RedisRequest<TResult> Copy()
    {
        var copy = (RedisRequest<TResult>)MemberwiseClone();
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
