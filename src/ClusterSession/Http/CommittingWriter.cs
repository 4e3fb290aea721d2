using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.Http;

/// <summary>
/// See <see cref="CommittingBody"/>. What is put here before the headers have left is gathered, so
/// that it can be dropped if the store does not take the commit; afterwards, and where bytes may
/// not be gathered, it goes straight to the inner writer.
/// </summary>
/// <remarks>
/// Not chosen: <c>PipeWriter.Create</c> over the stream. It copies all that is written, and costs
/// two more asynchronous layers each time.
/// </remarks>
internal sealed class CommittingWriter(IHttpResponseBodyFeature inner, SessionResponse response, bool passesOn)
    : PipeWriter
{
    private const int FirstBytes = 1024;

    /// <summary>The framework's writer over a stream, which holds what is not flushed, and drops it
    /// where it completes with an exception. Compression and everybody who sets
    /// <c>Response.Body</c> have this one.</summary>
    private static readonly Type OverStream = Create(Stream.Null).GetType();

    private byte[] _gathered = [];
    private int _length;
    private bool _isInners; // whose memory was handed out last

    private bool _hasPassedBytes; // before the commit

    /// <summary>How many bytes wait for the commit.</summary>
    public int Gathered => _length;

    public override bool CanGetUnflushedBytes => inner.Writer.CanGetUnflushedBytes;

    public override long UnflushedBytes => _length + inner.Writer.UnflushedBytes;

    /// <summary>
    /// Whether bytes go straight to the inner writer. Not those of a response that is a 503
    /// already: the inner writer would send them with its end.
    /// </summary>
    private bool MayPassOn => response.HaveHeadersLeft || (passesOn && !response.IsRejected);

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        _isInners = _length == 0 && MayPassOn;
        return _isInners ? inner.Writer.GetMemory(sizeHint) : Room(sizeHint);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        _isInners = _length == 0 && MayPassOn;
        return _isInners ? inner.Writer.GetSpan(sizeHint) : Room(sizeHint).Span;
    }

    public override void Advance(int bytes)
    {
        if (_isInners)
        {
            _hasPassedBytes |= bytes > 0 && response.MustCommit;
            inner.Writer.Advance(bytes);
            return;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)(_gathered.Length - _length), nameof(bytes));
        _length += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
        response.MustCommit || response.IsRejected || _length > 0
            ? CommitAndFlushAsync(cancellationToken)
            : inner.Writer.FlushAsync(cancellationToken);

    public override ValueTask<FlushResult> WriteAsync(
        ReadOnlyMemory<byte> source,
        CancellationToken cancellationToken = default
    ) =>
        response.MustCommit || response.IsRejected || _length > 0
            ? CommitAndWriteAsync(source, cancellationToken)
            : inner.Writer.WriteAsync(source, cancellationToken);

    public override void CancelPendingFlush() => inner.Writer.CancelPendingFlush();

    /// <summary>
    /// A commit never blocks a thread: what is gathered leaves at the end of the request.
    /// </summary>
    public override void Complete(Exception? exception = null)
    {
        if (exception is not null)
        {
            Discard();
        }
    }

    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        if (exception is null)
        {
            await FlushAsync().ConfigureAwait(false);
        }
        else
        {
            Discard();
        }

        await inner.Writer.CompleteAsync(exception).ConfigureAwait(false);
    }

    /// <summary>Sends what is gathered.</summary>
    public async ValueTask FlushGatheredAsync()
    {
        if (_length > 0)
        {
            await FlushAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Gives what is gathered to the server, which sends it with whatever comes next. The commit is
    /// done.
    /// </summary>
    public void HandOver()
    {
        if (_length > 0)
        {
            inner.Writer.Write(_gathered.AsSpan(0, _length));
            Discard();
        }
    }

    /// <summary>
    /// Takes back what has gone to the inner writer before a commit that failed. False: the inner
    /// writer is one that cannot drop it, and the bytes will follow.
    /// </summary>
    public bool TryTakeBack()
    {
        if (_hasPassedBytes && inner.Writer.GetType() == OverStream)
        {
            inner.Writer.Complete(
                new OperationCanceledException("The session's commit failed: the response is a 503.")
            );
            _hasPassedBytes = false;
        }

        return !_hasPassedBytes;
    }

    /// <summary>Drops what is gathered.</summary>
    public void Discard()
    {
        if (_gathered.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_gathered);
        }

        _gathered = [];
        _length = 0;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> CommitAndFlushAsync(CancellationToken cancellationToken)
    {
        if (!await response.CommitAsync().ConfigureAwait(false))
        {
            Discard();
            return default;
        }

        HandOver();
        return await inner.Writer.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> CommitAndWriteAsync(
        ReadOnlyMemory<byte> source,
        CancellationToken cancellationToken
    )
    {
        if (!await response.CommitAsync().ConfigureAwait(false))
        {
            Discard();
            return default;
        }

        HandOver();
        return await inner.Writer.WriteAsync(source, cancellationToken).ConfigureAwait(false);
    }

    private Memory<byte> Room(int sizeHint)
    {
        if (_gathered.Length - _length < Math.Max(sizeHint, 1))
        {
            var larger = ArrayPool<byte>.Shared.Rent(
                Math.Max(_length + sizeHint, Math.Max(2 * _gathered.Length, FirstBytes))
            );
            var length = _length;
            _gathered.AsSpan(0, length).CopyTo(larger);
            Discard();
            (_gathered, _length) = (larger, length);
        }

        return _gathered.AsMemory(_length);
    }
}
