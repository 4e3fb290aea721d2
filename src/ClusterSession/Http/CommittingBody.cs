using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.Http;

/// <summary>
/// The response body of a request that changed its session: commits before the first byte, and
/// drops the body of a 503.
/// </summary>
/// <param name="inner">The body that is wrapped.</param>
/// <param name="response">The response.</param>
/// <param name="isWrappedInside">
/// Whether middleware between the sessions and the endpoint has wrapped the body (response
/// compression). It ends its body before the sessions' middleware is reached again: bytes gathered
/// here would come too late, so that what the endpoint does not flush is passed on at once, and
/// taken back where the commit fails.
/// </param>
internal sealed class CommittingBody(IHttpResponseBodyFeature inner, SessionResponse response, bool isWrappedInside)
    : IHttpResponseBodyFeature
{
    private CommittingStream? _stream;
    private CommittingWriter? _writer;

    public Stream Stream => _stream ??= new CommittingStream(this, inner, response);

    public PipeWriter Writer => _writer ??= new CommittingWriter(inner, response, isWrappedInside);

    /// <summary>
    /// Takes back the bytes that have gone to the inner body before the commit. False where nothing
    /// can.
    /// </summary>
    public bool TryTakeBack() => _writer?.TryTakeBack() != false;

    /// <summary>How many bytes wait for the commit.</summary>
    public int Gathered => _writer?.Gathered ?? 0;

    public void DisableBuffering() => inner.DisableBuffering();

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (await CommitAsync().ConfigureAwait(false))
        {
            await inner.StartAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task SendFileAsync(
        string path,
        long offset,
        long? count,
        CancellationToken cancellationToken = default
    )
    {
        if (await CommitAsync().ConfigureAwait(false))
        {
            await inner.SendFileAsync(path, offset, count, cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task CompleteAsync()
    {
        await CommitAsync().ConfigureAwait(false);
        await inner.CompleteAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Drops what the endpoint has put into the writer and not flushed: it failed, and somebody
    /// else answers.
    /// </summary>
    public void Discard() => _writer?.Discard();

    /// <summary>Keeps bytes that were written synchronously before the commit.</summary>
    public void Gather(ReadOnlySpan<byte> bytes) => Writer.Write(bytes);

    /// <summary>Writes out what the endpoint has put into the writer and not flushed.</summary>
    public ValueTask FlushOwnAsync() => _writer?.FlushGatheredAsync() ?? ValueTask.CompletedTask;

    /// <summary>
    /// What was put into the writer before goes ahead of what is written otherwise.
    /// </summary>
    public void HandOver() => _writer?.HandOver();

    private async ValueTask<bool> CommitAsync()
    {
        if (!await response.CommitAsync().ConfigureAwait(false))
        {
            Discard();
            return false;
        }

        HandOver();
        return true;
    }
}
