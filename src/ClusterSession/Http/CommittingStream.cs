using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.Http;

/// <summary>See <see cref="CommittingBody"/>. Writes synchronously only what needs no commit any more: a commit never blocks a thread.</summary>
internal sealed class CommittingStream(CommittingBody body, IHttpResponseBodyFeature inner, SessionResponse response) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ThrowIfNotCommitted();
        if (!response.IsRejected)
        {
            body.HandOver();
            inner.Stream.Write(buffer);
        }
    }

    public override void Flush()
    {
        ThrowIfNotCommitted();
        if (!response.IsRejected)
        {
            body.HandOver();
            inner.Stream.Flush();
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (response.EndCommit(await response.BeginCommit().ConfigureAwait(false)))
        {
            body.HandOver();
            await inner.Stream.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
    }

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (response.EndCommit(await response.BeginCommit().ConfigureAwait(false)))
        {
            body.HandOver();
            await inner.Stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void ThrowIfNotCommitted()
    {
        if (response.MustCommit)
        {
            throw new InvalidOperationException(
                "The response of a request that changed its session is written synchronously before the session is committed. " +
                "Write asynchronously, or call 'await HttpContext.Session.CommitAsync()' first.");
        }
    }
}
