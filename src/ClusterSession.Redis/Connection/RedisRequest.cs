using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Redis.Connection;

/// <summary>
/// One command with a result that can be awaited once. Set what it needs, send, await, use again.
/// </summary>
/// <typeparam name="TResult">What the reply is parsed into.</typeparam>
internal abstract class RedisRequest<TResult> : PipelinedRequest<TResult>, IRedisRequest
{
    /// <inheritdoc/>
    public virtual bool IsAnsweredByPush => false;

    /// <summary>Whether it changes nothing.</summary>
    public virtual bool IsRead => false;

    /// <summary>
    /// Whether it may be sent again if its outcome is unknown: twice has the effect of once.
    /// </summary>
    public virtual bool MayBeRepeated => IsRead;

    /// <inheritdoc/>
    public virtual bool IsKeyed => false;

    /// <inheritdoc/>
    public virtual bool ProvesLease(ReadOnlySpan<byte> reply) => false;

    /// <inheritdoc/>
    public virtual bool HasEchoOf(ReadOnlySpan<byte> key) => false;

    /// <inheritdoc/>
    public abstract void WriteTo(ref RespWriter writer);

    /// <inheritdoc/>
    public sealed override void WriteTo(SendBuffer output)
    {
        var writer = new RespWriter(output);
        WriteTo(ref writer);
        if (writer.Commands != 1 || writer.Missing != 0)
        {
            throw new InvalidOperationException(
                $"{GetType().Name} wrote {writer.Commands} commands, {writer.Missing} arguments missing."
            );
        }
    }

    /// <inheritdoc/>
    public sealed override void TakeReply(ReadOnlySpan<byte> reply)
    {
        var reader = new RespReader(reply);
        ParseReply(ref reader);
    }

    /// <inheritdoc/>
    public void ParseReply(ref RespReader reader)
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

        Complete(result);
    }

    /// <summary>
    /// Makes the result of a reply that is no error; the reader stands on its first value.
    /// </summary>
    protected abstract TResult Parse(ref RespReader reader);

    /// <summary>Makes the result of an error reply, or throws it (default).</summary>
    protected virtual TResult ParseError(RedisErrorKind kind, ReadOnlySpan<byte> text) =>
        throw new RedisServerException(kind, RedisError.Describe(text));
}
