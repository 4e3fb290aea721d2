using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.Http;

/// <summary>The response body of a request that changed its session: commits before the first byte, and drops the body of a 503.</summary>
internal sealed class CommittingBody(IHttpResponseBodyFeature inner, SessionResponse response) : IHttpResponseBodyFeature
{
    private CommittingStream? _stream;
    private PipeWriter? _writer;

    public Stream Stream => _stream ??= new CommittingStream(inner, response);

    public PipeWriter Writer => _writer ??= PipeWriter.Create(Stream, new StreamPipeWriterOptions(leaveOpen: true));

    public void DisableBuffering() => inner.DisableBuffering();

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (await response.CommitAsync().ConfigureAwait(false))
        {
            await inner.StartAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default)
    {
        if (await response.CommitAsync().ConfigureAwait(false))
        {
            await inner.SendFileAsync(path, offset, count, cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task CompleteAsync()
    {
        await response.CommitAsync().ConfigureAwait(false);
        await FlushOwnAsync().ConfigureAwait(false);
        await inner.CompleteAsync().ConfigureAwait(false);
    }

    /// <summary>Drops what the endpoint has put into the writer and not flushed: it failed, and somebody else answers.</summary>
    public void Discard() => _writer?.Complete(new OperationCanceledException());

    /// <summary>Writes out what the endpoint has put into the writer and not flushed.</summary>
    public async ValueTask FlushOwnAsync()
    {
        if (_writer is { CanGetUnflushedBytes: true, UnflushedBytes: > 0 })
        {
            await _writer.FlushAsync().ConfigureAwait(false);
        }
    }
}
