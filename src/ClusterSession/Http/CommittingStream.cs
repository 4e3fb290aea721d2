using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.Http;

/// <summary>
/// See <see cref="CommittingBody"/>. A commit never blocks a thread. Bytes that are written
/// synchronously before the commit are gathered here. They leave with the next asynchronous write
/// or at the end of the request.
/// </summary>
internal sealed class CommittingStream(CommittingBody body, IHttpResponseBodyFeature inner, SessionResponse response)
    : Stream
{
    public override bool CanRead => false;

    /// <summary>
    /// While bytes wait for the commit, so that <c>Response.Clear()</c> of an error page takes them
    /// back: it asks for this, and then sets the length to 0. Nothing else can be sought.
    /// </summary>
    public override bool CanSeek => body.Gathered > 0;

    public override bool CanWrite => true;

    public override long Length => CanSeek ? body.Gathered : throw new NotSupportedException();

    public override long Position
    {
        get => Length;
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (response.MustCommit && response.MayWriteSynchronously)
        {
            body.Gather(buffer);
        }
        else if (!response.IsRejected)
        {
            body.HandOver();
            inner.Stream.Write(buffer); // Where the server forbids synchronous writes, it says so.
        }
    }

    public override void Flush()
    {
        if (!response.IsRejected && !(response.MustCommit && response.MayWriteSynchronously))
        {
            body.HandOver();
            inner.Stream.Flush();
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer,
        CancellationToken cancellationToken = default
    )
    {
        if (await response.CommitAsync().ConfigureAwait(false))
        {
            body.HandOver();
            await inner.Stream.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
    }

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (await response.CommitAsync().ConfigureAwait(false))
        {
            body.HandOver();
            await inner.Stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value)
    {
        if (value != 0 || !CanSeek)
        {
            throw new NotSupportedException();
        }

        body.Discard();
    }
}
