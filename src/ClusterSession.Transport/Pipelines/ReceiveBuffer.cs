using System.Buffers;

namespace ClusterSession.Transport.Pipelines;

/// <summary>
/// Bytes received and not yet understood, in one contiguous buffer. Used by one loop only.
/// </summary>
/// <remarks>
/// It grows by doubling as bytes arrive, never by what a length prefix announces: a lying server
/// cannot make us allocate what it does not send.
/// </remarks>
internal sealed class ReceiveBuffer : IDisposable
{
    private const int InitialBytes = 32 << 10;
    private const int KeepBytes = 1 << 20;
    private const int MinFreeBytes = 4 << 10;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
    private int _start;
    private int _end;

    /// <summary>The bytes that were received and not consumed.</summary>
    public ReadOnlySpan<byte> Unread => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Room to receive into.</summary>
    public Memory<byte> GetFree()
    {
        if (_start == _end)
        {
            _start = _end = 0;
            if (_buffer.Length > KeepBytes)
            {
                Replace(InitialBytes);
            }
        }

        if (_buffer.Length - _end < MinFreeBytes)
        {
            // Moving the rest to the front suffices unless a frame fills more than half of the
            // buffer.
            if (_end - _start > _buffer.Length / 2)
            {
                Replace(checked(_buffer.Length * 2));
            }
            else
            {
                MoveToFront(_buffer);
            }
        }

        return _buffer.AsMemory(_end);
    }

    /// <summary>Counts bytes received into the room.</summary>
    public void Received(int bytes) => _end += bytes;

    /// <summary>Steps over bytes that were understood.</summary>
    public void Consume(int bytes) => _start += bytes;

    /// <inheritdoc/>
    public void Dispose()
    {
        _start = _end = 0;
        Replace(0);
    }

    private void Replace(int bytes)
    {
        var old = _buffer;
        var larger = bytes == 0 ? [] : ArrayPool<byte>.Shared.Rent(bytes);
        MoveToFront(larger);
        _buffer = larger;
        // Replies carry session values; they must not lie about in the shared pool.
        old.AsSpan().Clear();
        if (old.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(old);
        }
    }

    private void MoveToFront(byte[] target)
    {
        Unread.CopyTo(target);
        _end -= _start;
        _start = 0;
    }
}
